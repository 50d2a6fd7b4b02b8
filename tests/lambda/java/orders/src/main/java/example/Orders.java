package example;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import java.time.Instant;
import java.util.Map;
import java.util.TreeMap;

public class Orders implements RequestHandler<Order, Receipt> {
    private final Map<String, Integer> stock = new TreeMap<>(Map.of("tea", 100, "coffee", 0));
    private int served;

    @Override
    public Receipt handleRequest(Order order, Context context) {
        var logger = context.getLogger();
        logger.log("order " + order.id() + " with " + context.getRemainingTimeInMillis() / 10_000 + "0 s left");
        if (order.at() != null && order.at().isBefore(Instant.parse("2020-01-01T00:00:00Z"))) {
            throw new IllegalArgumentException("order " + order.id() + " is too old");
        }
        Receipt receipt = new Receipt(order.id());
        order.lines().forEach(line -> {
            take(line);
            receipt.add(line);
        });
        order.discounts().values().stream().mapToInt(Integer::intValue).max()
                .ifPresent(most -> receipt.setTotal(receipt.getTotal().subtract(java.math.BigDecimal.valueOf(most))));
        receipt.setNote(order.note().map(String::toUpperCase).orElse(null));
        receipt.setRequest(context.getFunctionName() + " " + context.getFunctionVersion() + " "
                + context.getMemoryLimitInMB() + " " + System.getenv("GREETING"));
        receipt.setServed(++served);
        return receipt;
    }

    private void take(Order.Line line) {
        try {
            int left = stock.get(line.product());
            if (left < line.quantity()) {
                throw new IllegalStateException("only " + left);
            }
        } catch (IllegalStateException | NullPointerException error) {
            throw new NoStock(line.product(), error);
        }
    }
}
