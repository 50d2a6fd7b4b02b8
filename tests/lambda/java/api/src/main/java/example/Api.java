package example;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import com.amazonaws.services.lambda.runtime.events.APIGatewayV2HTTPEvent;
import com.amazonaws.services.lambda.runtime.events.APIGatewayV2HTTPResponse;
import java.util.Map;

/** Items by their names: GET, PUT and DELETE /items/NAME. */
public class Api implements RequestHandler<APIGatewayV2HTTPEvent, APIGatewayV2HTTPResponse> {
    private static final String ITEMS = "/items/";

    @Override
    public APIGatewayV2HTTPResponse handleRequest(APIGatewayV2HTTPEvent event, Context context) {
        String method = event.getRequestContext().getHttp().getMethod();
        String path = event.getRawPath();
        if (!path.startsWith(ITEMS)) {
            return answer(404, "nothing is at " + path);
        }
        String item = path.substring(ITEMS.length());
        return switch (method) {
            case "GET" -> answer(200, item + " " + query(event, "size"));
            case "PUT" -> answer(201, item + " is now " + event.getBody());
            case "DELETE" -> throw new IllegalStateException(item + " cannot be deleted");
            default -> answer(405, method);
        };
    }

    private static String query(APIGatewayV2HTTPEvent event, String name) {
        Map<String, String> query = event.getQueryStringParameters();
        return query == null ? "none" : query.getOrDefault(name, "none");
    }

    private static APIGatewayV2HTTPResponse answer(int status, String body) {
        return APIGatewayV2HTTPResponse.builder().withStatusCode(status).withBody(body)
                .withHeaders(Map.of("content-type", "text/plain", "x-made-by", "java")).build();
    }
}
