package lambent.guest;

import com.amazonaws.services.lambda.runtime.ClientContext;
import java.util.LinkedHashMap;
import java.util.Map;

/** What a client says of itself. */
final class Client implements ClientContext, com.amazonaws.services.lambda.runtime.Client {
    private final Object json;

    Client(Object json) {
        this.json = json;
    }

    private static Object member(Object of, String name) {
        return of instanceof Map ? ((Map<?, ?>) of).get(name) : null;
    }

    private static Map<String, String> texts(Object of) {
        Map<String, String> texts = new LinkedHashMap<>();
        if (of instanceof Map) {
            ((Map<?, ?>) of).forEach((name, value) -> texts.put((String) name, Convert.toText(value)));
        }
        return texts;
    }

    private String client(String name) {
        return Convert.toText(member(member(json, "client"), name));
    }

    @Override
    public com.amazonaws.services.lambda.runtime.Client getClient() {
        return this;
    }

    @Override
    public Map<String, String> getCustom() {
        return texts(member(json, "custom"));
    }

    @Override
    public Map<String, String> getEnvironment() {
        return texts(member(json, "env"));
    }

    @Override
    public String getInstallationId() {
        return client("installation_id");
    }

    @Override
    public String getAppTitle() {
        return client("app_title");
    }

    @Override
    public String getAppVersionName() {
        return client("app_version_name");
    }

    @Override
    public String getAppVersionCode() {
        return client("app_version_code");
    }

    @Override
    public String getAppPackageName() {
        return client("app_package_name");
    }
}
