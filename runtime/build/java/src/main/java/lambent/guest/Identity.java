package lambent.guest;

import com.amazonaws.services.lambda.runtime.CognitoIdentity;
import java.util.Map;

/** Who calls, by Cognito; both parts are null if nobody said. */
final class Identity implements CognitoIdentity {
    private final Map<?, ?> json;

    Identity(Object json) {
        this.json = json instanceof Map ? (Map<?, ?>) json : Map.of();
    }

    private String either(String first, String second) {
        Object value = json.get(first);
        return Convert.toText(value != null ? value : json.get(second));
    }

    @Override
    public String getIdentityId() {
        return either("cognitoIdentityId", "identityId");
    }

    @Override
    public String getIdentityPoolId() {
        return either("cognitoIdentityPoolId", "identityPoolId");
    }
}
