package lambent.guest.additions;

import java.io.InputStream;

/** Standard input, which is empty. */
@Adds("java.lang.ConsoleInputStream")
public final class InputAdditions {
    private InputAdditions() {
    }

    @Adds.Instance
    public static int read(InputStream self) {
        return -1;
    }
}
