package lambent.guest.additions;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** What TeaVM lacks of strings, or has slower than need be. */
@Adds("java.lang.String")
public final class StringAdditions {
    private StringAdditions() {
    }

    /** The strings that were asked for. */
    private static final class Pool {
        static final Map<String, String> STRINGS = new HashMap<>();
    }

    @Adds.Instance
    public static String intern(String self) {
        String known = Pool.STRINGS.putIfAbsent(self, self);
        return known != null ? known : self;
    }

    @Adds.Instance
    public static String toLowerCase(String self) {
        StringBuilder made = new StringBuilder(self.length());
        for (int i = 0; i < self.length(); i++) {
            char c = self.charAt(i);
            if (c < 0x80) {
                made.append(c >= 'A' && c <= 'Z' ? (char) (c + 'a' - 'A') : c);
            } else {
                int point = self.codePointAt(i);
                made.appendCodePoint(Character.toLowerCase(point));
                i += Character.charCount(point) - 1;
            }
        }
        return made.toString();
    }

    @Adds.Instance
    public static String toUpperCase(String self) {
        StringBuilder made = new StringBuilder(self.length());
        for (int i = 0; i < self.length(); i++) {
            char c = self.charAt(i);
            if (c < 0x80) {
                made.append(c >= 'a' && c <= 'z' ? (char) (c + 'A' - 'a') : c);
            } else if (c == 0xdf) {
                made.append("SS");
            } else {
                int point = self.codePointAt(i);
                made.appendCodePoint(Character.toUpperCase(point));
                i += Character.charCount(point) - 1;
            }
        }
        return made.toString();
    }

    @Adds.Instance
    public static Stream<String> lines(String self) {
        List<String> lines = new ArrayList<>();
        int from = 0;
        for (int i = 0; i < self.length(); i++) {
            char c = self.charAt(i);
            if (c == '\n' || c == '\r') {
                lines.add(self.substring(from, i));
                boolean isPair = c == '\r' && i + 1 < self.length() && self.charAt(i + 1) == '\n';
                i += isPair ? 1 : 0;
                from = i + 1;
            }
        }
        if (from < self.length()) {
            lines.add(self.substring(from));
        }
        return lines.stream();
    }
}
