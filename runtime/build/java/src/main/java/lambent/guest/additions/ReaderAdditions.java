package lambent.guest.additions;

import java.io.IOException;
import java.io.Reader;
import java.io.Writer;

/** What TeaVM lacks of readers. */
@Adds("java.io.Reader")
public final class ReaderAdditions {
    private static final int SIZE = 4096;

    private ReaderAdditions() {
    }

    @Adds.Instance
    public static long transferTo(Reader self, Writer to) throws IOException {
        char[] buffer = new char[SIZE];
        long done = 0;
        int count = self.read(buffer, 0, SIZE);
        while (count >= 0) {
            to.write(buffer, 0, count);
            done += count;
            count = self.read(buffer, 0, SIZE);
        }
        return done;
    }
}
