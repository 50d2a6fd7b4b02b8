package lambent.guest;

import java.nio.charset.StandardCharsets;

/** UTF-8. */
final class Text {
    private Text() {
    }

    static byte[] encode(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    static String decode(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }
}
