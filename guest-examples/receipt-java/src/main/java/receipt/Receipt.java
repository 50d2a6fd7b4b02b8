package receipt;

import com.eclipsesource.json.Json;
import com.eclipsesource.json.JsonArray;
import com.eclipsesource.json.JsonObject;
import com.eclipsesource.json.JsonValue;
import java.io.IOException;

/**
 * Answers an order with its receipt: the event comes on standard input, and what is written to
 * standard output is the answer.
 */
public final class Receipt {
    private Receipt() {
    }

    public static void main(String[] arguments) throws IOException {
        try {
            System.out.println(receiptOf(Json.parse(Host.readAll()).asObject()));
        } catch (RuntimeException error) {
            // So that the invocation is known to have failed, and why.
            System.err.println("not an order: " + error.getMessage());
            Host.exit(1);
        }
    }

    private static JsonObject receiptOf(JsonObject order) throws IOException {
        JsonArray lines = new JsonArray();
        long total = 0;
        for (JsonValue value : order.get("items").asArray()) {
            JsonObject item = value.asObject();
            long quantity = item.getLong("quantity", 0);
            long cents = quantity * item.getLong("cents", 0);
            lines.add(quantity + " x " + item.getString("name", "") + ": " + amount(cents));
            total += cents;
        }
        return new JsonObject()
            .add("message", "Thank you, " + order.getString("customer", "") + "!")
            .add("lines", lines)
            .add("total", amount(total));
    }

    private static String amount(long cents) throws IOException {
        String rest = Long.toString(100 + cents % 100).substring(1);
        return cents / 100 + "." + rest + " " + Host.environment("CURRENCY");
    }
}
