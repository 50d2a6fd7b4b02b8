package lambent.build;

import java.io.File;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** What is to be built. */
final class Options {
    /** The classes of the project. */
    final Path classes;
    /** What the project depends on. */
    final List<File> libraries;
    /** What is compiled into every function. */
    final List<File> guest;
    /** The handler, such as `example.Orders::handleRequest`; null if there is only one. */
    final String function;
    /** A folder for what is made in between. */
    final Path work;
    /** The core module. */
    final Path output;

    Options(String[] arguments) {
        Map<String, String> values = new HashMap<>();
        for (int i = 0; i + 1 < arguments.length; i += 2) {
            values.put(arguments[i], arguments[i + 1]);
        }
        classes = Path.of(values.get("--classes"));
        libraries = files(values.get("--libraries"));
        guest = files(values.get("--guest"));
        function = values.get("--function");
        work = Path.of(values.get("--work"));
        output = Path.of(values.get("--output"));
    }

    private static List<File> files(String path) {
        List<File> files = new ArrayList<>();
        for (String file : path.split(File.pathSeparator)) {
            if (!file.isBlank()) {
                files.add(new File(file.trim()));
            }
        }
        return files;
    }
}
