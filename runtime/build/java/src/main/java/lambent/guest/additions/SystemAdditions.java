package lambent.guest.additions;

import java.util.Map;
import lambent.guest.Environment;
import lambent.guest.Process;

/** The environment, the end of the program, and its clock. */
@Adds("java.lang.System")
public final class SystemAdditions {
    private SystemAdditions() {
    }

    public static String getenv(String name) {
        return Environment.all().get(name);
    }

    public static Map<String, String> getenv() {
        return Environment.all();
    }

    public static void exit(int status) {
        Process.exit(status);
    }

    public static long nanoTime() {
        return Process.nanoTime();
    }
}
