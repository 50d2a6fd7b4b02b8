package lambent.build;

import java.io.File;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The classes of a project, none of which is ever initialized here. */
final class Project {
    private final ClassLoader loader;
    private final List<Class<?>> classes = new ArrayList<>();

    Project(Path folder, List<File> libraries) throws IOException {
        List<URL> path = new ArrayList<>();
        path.add(folder.toUri().toURL());
        for (File library : libraries) {
            path.add(library.toURI().toURL());
        }
        loader = new URLClassLoader(path.toArray(new URL[0]), Project.class.getClassLoader());
        for (String name : names(folder)) {
            try {
                Class<?> loaded = Class.forName(name, false, loader);
                // What it is made of has to be there, too.
                loaded.getDeclaredMethods();
                loaded.getDeclaredConstructors();
                classes.add(loaded);
            } catch (ClassNotFoundException | LinkageError error) {
                System.err.println("warning: " + name + " is left out: " + error);
            }
        }
    }

    private static List<String> names(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.map(file -> folder.relativize(file).toString())
                    .filter(file -> file.endsWith(".class") && !file.endsWith("module-info.class")
                            && !file.startsWith("META-INF"))
                    .map(file -> file.substring(0, file.length() - 6).replace(File.separatorChar, '.'))
                    .sorted().collect(Collectors.toList());
        }
    }

    ClassLoader loader() {
        return loader;
    }

    /** The project's own classes. */
    List<Class<?>> classes() {
        return classes;
    }

    /** Whether a class is the project's own. */
    boolean owns(String name) {
        return classes.stream().anyMatch(own -> own.getName().equals(name));
    }

    /** Whether the project has a class, or something that it depends on. */
    boolean has(String name) {
        try {
            Class.forName(name, false, loader);
            return true;
        } catch (ClassNotFoundException | LinkageError error) {
            return false;
        }
    }

    /** A class of what the project depends on. */
    Class<?> load(String name) throws ProjectError {
        try {
            return Class.forName(name, false, loader);
        } catch (ClassNotFoundException | LinkageError error) {
            throw new ProjectError("the class " + name + " is not there: " + error
                    + "; add the library that has it to the dependencies in pom.xml");
        }
    }
}
