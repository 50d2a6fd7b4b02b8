package lambent.guest;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/** The environment, which is read once. */
public final class Environment {
    private static Map<String, String> variables;

    private Environment() {
    }

    /** All of it. */
    public static Map<String, String> all() {
        if (variables == null) {
            Map<String, String> read = new LinkedHashMap<>();
            byte[] bytes = Preview1.environment();
            int from = 0;
            for (int i = 0; i < bytes.length; i++) {
                if (bytes[i] == 0) {
                    add(read, Text.decode(java.util.Arrays.copyOfRange(bytes, from, i)));
                    from = i + 1;
                }
            }
            variables = Collections.unmodifiableMap(read);
        }
        return variables;
    }

    private static void add(Map<String, String> to, String variable) {
        int equals = variable.indexOf('=');
        if (equals > 0) {
            to.put(variable.substring(0, equals), variable.substring(equals + 1));
        }
    }
}
