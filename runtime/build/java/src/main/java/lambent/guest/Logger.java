package lambent.guest;

import com.amazonaws.services.lambda.runtime.LambdaLogger;

/** Lambda's logger: each message is a line. */
final class Logger implements LambdaLogger {
    static final Logger INSTANCE = new Logger();

    private Logger() {
    }

    @Override
    public void log(String message) {
        String text = String.valueOf(message);
        if (text.endsWith("\n")) {
            System.out.print(text);
        } else {
            System.out.println(text);
        }
    }

    @Override
    public void log(byte[] message) {
        log(message == null ? null : Text.decode(message));
    }
}
