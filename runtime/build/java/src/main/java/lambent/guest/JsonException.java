package lambent.guest;

/** Text is no JSON, or is not what is wanted. */
public final class JsonException extends RuntimeException {
    JsonException(String message) {
        super(message);
    }
}
