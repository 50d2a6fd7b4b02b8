package lambent.guest.additions;

import java.nio.ByteBuffer;
import java.util.UUID;
import lambent.guest.Digest;

/** What TeaVM lacks of UUIDs. */
@Adds("java.util.UUID")
public final class UuidAdditions {
    private UuidAdditions() {
    }

    public static UUID nameUUIDFromBytes(byte[] name) {
        Digest md5 = Digest.of("MD5");
        md5.update(name, 0, name.length);
        byte[] bytes = md5.end();
        bytes[6] = (byte) (bytes[6] & 0x0f | 0x30);
        bytes[8] = (byte) (bytes[8] & 0x3f | 0x80);
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        return new UUID(buffer.getLong(), buffer.getLong());
    }
}
