package example;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;

/** Ends in each way there is. */
public class Faults implements RequestHandler<Map<String, Object>, Object> {
    private int calls;

    @Override
    public Object handleRequest(Map<String, Object> event, Context context) {
        calls++;
        switch (String.valueOf(event.get("fault"))) {
            case "exit":
                System.out.println("exits");
                System.exit(7);
                return null;
            case "loop":
                while (true) {
                    calls++;
                }
            case "deep":
                return depth(0);
            case "memory":
                List<byte[]> kept = new ArrayList<>();
                while (true) {
                    kept.add(new byte[1 << 20]);
                }
            case "pointer":
                return ((String) event.get("nothing")).length();
            case "index":
                return new int[2][calls + 5];
            case "churn":
                return churn(1_000_000);
            case "sleep":
                return sleep();
            case "digest":
                return digest((String) event.get("algorithm"), (String) event.get("text"));
            default:
                return Map.of("calls", calls, "event", event);
        }
    }

    private static int depth(int n) {
        return n < 0 ? 0 : 1 + depth(n + 1);
    }

    /** Makes much garbage, and keeps some of it. */
    private static int churn(int count) {
        List<String> kept = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            String made = "text " + i;
            if (i % 100 == 0) {
                kept.add(made);
            }
        }
        return kept.size();
    }

    private static String digest(String algorithm, String text) {
        try {
            byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
            return HexFormat.of().formatHex(MessageDigest.getInstance(algorithm).digest(bytes));
        } catch (NoSuchAlgorithmException error) {
            return error.getMessage();
        }
    }

    private static String sleep() {
        StringBuilder done = new StringBuilder();
        Thread other = new Thread(() -> done.append("other "));
        other.start();
        try {
            Thread.sleep(20);
            other.join();
        } catch (InterruptedException error) {
            throw new IllegalStateException(error);
        }
        return done.append("slept").toString();
    }
}
