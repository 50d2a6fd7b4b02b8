package example;

import java.math.BigDecimal;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

public record Order(String id, List<Line> lines, Map<String, Integer> discounts, Instant at, Optional<String> note) {
    public record Line(String product, int quantity, BigDecimal price, Size size) {
    }

    public enum Size {
        SMALL, LARGE
    }
}
