package lambent.guest.additions;

import java.io.IOException;
import java.io.Reader;
import lambent.guest.Mapping;

/** Gson, which maps objects by reflection: here by generated code. */
@Adds(value = "com.google.gson.Gson", isConstructedEmpty = true)
public final class GsonAdditions {
    private GsonAdditions() {
    }

    @Adds.Instance
    public static String toJson(Object self, Object value) {
        return Mapping.ofGson().toJson(value);
    }

    @Adds.Instance
    public static Object fromJson(Object self, String json, Class<?> type) {
        return Mapping.ofGson().fromJson(json, type);
    }

    @Adds.Instance
    public static Object fromJson(Object self, Reader json, Class<?> type) throws IOException {
        return Mapping.ofGson().fromJson(Mapping.all(json), type);
    }
}
