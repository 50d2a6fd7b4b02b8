package example;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.gson.Gson;
import com.google.gson.annotations.SerializedName;
import java.util.List;
import java.util.Map;

/** Maps text by Gson and by Jackson. */
public class Mapped implements RequestHandler<Map<String, String>, Map<String, String>> {
    private static final Gson GSON = new Gson();
    private static final ObjectMapper JACKSON = new ObjectMapper();

    /** By its fields. */
    static class Point {
        private int x;
        @SerializedName("why")
        private int y;
    }

    /** By its getters and setters. */
    public static class Person {
        private String name;
        private List<String> friends;
        private String secret;

        @JsonProperty("full_name")
        public String getName() {
            return name;
        }

        @JsonProperty("full_name")
        public void setName(String name) {
            this.name = name;
        }

        public List<String> getFriends() {
            return friends;
        }

        public void setFriends(List<String> friends) {
            this.friends = friends;
        }

        @JsonIgnore
        public String getSecret() {
            return secret;
        }
    }

    /** By its components. */
    public record Pair(@JsonProperty("first") String one, String other) {
    }

    @Override
    public Map<String, String> handleRequest(Map<String, String> event, Context context) {
        try {
            Point point = GSON.fromJson(event.get("point"), Point.class);
            point.x++;
            Person person = JACKSON.readValue(event.get("person"), Person.class);
            person.setName(person.getName() + "!");
            Pair pair = JACKSON.readValue(event.get("pair"), Pair.class);
            return Map.of("point", GSON.toJson(point), "person", JACKSON.writeValueAsString(person),
                    "pair", JACKSON.writeValueAsString(List.of(pair, new Pair("a", null))));
        } catch (com.fasterxml.jackson.core.JsonProcessingException error) {
            throw new IllegalArgumentException(error);
        }
    }
}
