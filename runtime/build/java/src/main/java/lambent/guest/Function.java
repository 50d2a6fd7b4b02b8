package lambent.guest;

/** What is compiled: the handler, and the JSON of what it takes and returns. */
public interface Function {
    /** Makes the handler. */
    void initialize() throws Throwable;

    /** Handles an event; both are JSON. */
    byte[] handle(byte[] event, Invocation invocation) throws Throwable;
}
