package example;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;

/** Takes JSON and answers JSON. */
public class Greeting implements RequestHandler<Greeting.Request, Greeting.Response> {
    public record Request(String name) {
    }

    public record Response(String message) {
    }

    @Override
    public Response handleRequest(Request request, Context context) {
        String name = request.name() == null ? "world" : request.name();
        context.getLogger().log("greeting " + name);
        return new Response("Hello, " + name + "!");
    }
}
