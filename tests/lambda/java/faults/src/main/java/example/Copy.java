package example;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestStreamHandler;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;

/** Returns what it gets, with the name of who asks. */
public class Copy implements RequestStreamHandler {
    @Override
    public void handleRequest(InputStream input, OutputStream output, Context context) throws IOException {
        output.write("{\"copied\":".getBytes(StandardCharsets.UTF_8));
        input.transferTo(output);
        output.write((",\"by\":\"" + context.getFunctionName() + "\"}").getBytes(StandardCharsets.UTF_8));
    }
}
