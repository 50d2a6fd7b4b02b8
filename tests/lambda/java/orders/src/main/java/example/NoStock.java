package example;

public class NoStock extends RuntimeException {
    public NoStock(String product, Throwable cause) {
        super("no " + product + " is left", cause);
    }
}
