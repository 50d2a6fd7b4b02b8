package lambent.build;

import java.nio.file.Path;

/** Compiles a function in Java to a core module with the exports of a component. */
public final class Main {
    /** How it exits if the project is at fault; why is on standard output. */
    private static final int AT_FAULT = 3;

    private Main() {
    }

    /** The arguments are those of {@link Options}. */
    public static void main(String[] arguments) throws Exception {
        Options options = new Options(arguments);
        try {
            build(options);
        } catch (ProjectError error) {
            System.out.println(error.getMessage());
            System.out.flush();
            System.exit(AT_FAULT);
        }
    }

    private static void build(Options options) throws Exception {
        Project project = new Project(options.classes, options.libraries);
        Handler handler = Handler.find(project, options.function);
        Access access = new Access();
        Sources sources = new Sources(project, handler, access);
        Path classes = Javac.compile(sources.all(), options);
        compile(new Wasm(options, access, project), classes);
    }

    private static void compile(Wasm wasm, Path classes) throws Exception {
        try {
            wasm.compile(classes).forEach(System.err::println);
        } catch (RuntimeException | AssertionError | StackOverflowError error) {
            throw new ProjectError("TeaVM cannot compile what the handler or a library that it calls needs (" + error
                    + "); libraries that live by reflection, such as the SDKs of AWS, are known not to compile");
        }
    }
}
