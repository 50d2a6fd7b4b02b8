package lambent.guest;

/** An event as the handler takes it. */
public final class Events {
    private Events() {
    }

    /** Reads the JSON of an event. */
    public interface Reader {
        Object read(Object json);
    }

    /** Reads an event; what is wrong with it is told as Lambda tells it. */
    public static Object read(byte[] event, Reader reader) {
        try {
            return reader.read(Json.parse(event));
        } catch (JsonException error) {
            throw new RuntimeException("An error occurred during JSON parsing", error);
        }
    }
}
