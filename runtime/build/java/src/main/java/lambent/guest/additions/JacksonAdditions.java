package lambent.guest.additions;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.Reader;
import lambent.guest.Mapping;

/** Jackson, which maps objects by reflection: here by generated code. */
@Adds(value = "com.fasterxml.jackson.databind.ObjectMapper", isConstructedEmpty = true)
public final class JacksonAdditions {
    private JacksonAdditions() {
    }

    @Adds.Instance
    public static String writeValueAsString(Object self, Object value) {
        return Mapping.ofJackson().toJson(value);
    }

    @Adds.Instance
    public static byte[] writeValueAsBytes(Object self, Object value) {
        return Mapping.ofJackson().toBytes(value);
    }

    @Adds.Instance
    public static void writeValue(Object self, OutputStream output, Object value) throws IOException {
        output.write(Mapping.ofJackson().toBytes(value));
    }

    @Adds.Instance
    public static Object readValue(Object self, String json, Class<?> type) {
        return Mapping.ofJackson().fromJson(json, type);
    }

    @Adds.Instance
    public static Object readValue(Object self, byte[] json, Class<?> type) {
        return Mapping.ofJackson().fromJson(json, type);
    }

    @Adds.Instance
    public static Object readValue(Object self, InputStream json, Class<?> type) throws IOException {
        return Mapping.ofJackson().fromJson(json.readAllBytes(), type);
    }

    @Adds.Instance
    public static Object readValue(Object self, Reader json, Class<?> type) throws IOException {
        return Mapping.ofJackson().fromJson(Mapping.all(json), type);
    }

    @Adds.Instance
    public static Object convertValue(Object self, Object value, Class<?> type) {
        return Mapping.ofJackson().fromJson(Mapping.ofJackson().toBytes(value), type);
    }
}
