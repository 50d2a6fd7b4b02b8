package lambent.build;

import java.io.File;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;

/** Compiles the generated sources. */
final class Javac {
    private Javac() {
    }

    /** The folder of the classes. */
    static Path compile(Map<String, String> sources, Options options) throws IOException, ProjectError {
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        if (compiler == null) {
            throw new ProjectError("this Java has no compiler: install a JDK, such as: apt install openjdk-17-jdk-headless");
        }
        Path classes = Files.createDirectories(options.work.resolve("classes"));
        List<Path> files = new ArrayList<>();
        for (Map.Entry<String, String> source : sources.entrySet()) {
            Path file = options.work.resolve("sources/lambent/generated/" + source.getKey() + ".java");
            Files.createDirectories(file.getParent());
            Files.writeString(file, source.getValue());
            files.add(file);
        }
        List<File> path = new ArrayList<>(options.guest);
        path.add(options.classes.toFile());
        path.addAll(options.libraries);
        String joined = path.stream().map(File::getPath).collect(Collectors.joining(File.pathSeparator));
        List<String> arguments = List.of("-d", classes.toString(), "-cp", joined, "-proc:none", "--release", "17",
                "-nowarn", "-g:source,lines", "-encoding", "UTF-8");
        StringWriter said = new StringWriter();
        try (StandardJavaFileManager manager = compiler.getStandardFileManager(null, null, null)) {
            boolean isDone = compiler.getTask(said, manager, null, arguments, null,
                    manager.getJavaFileObjectsFromPaths(files)).call();
            if (!isDone) {
                throw new IllegalStateException("the generated sources do not compile:\n" + said);
            }
        }
        return classes;
    }
}
