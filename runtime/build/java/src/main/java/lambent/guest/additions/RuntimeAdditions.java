package lambent.guest.additions;

import lambent.guest.Process;

/** The machine, which has one processor for an instance. */
@Adds("java.lang.Runtime")
public final class RuntimeAdditions {
    private RuntimeAdditions() {
    }

    @Adds.Instance
    public static int availableProcessors(Runtime self) {
        return 1;
    }

    @Adds.Instance
    public static void exit(Runtime self, int status) {
        Process.exit(status);
    }
}
