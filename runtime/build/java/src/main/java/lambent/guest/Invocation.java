package lambent.guest;

import com.amazonaws.services.lambda.runtime.ClientContext;
import com.amazonaws.services.lambda.runtime.CognitoIdentity;
import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.LambdaLogger;

/** Lambda's context of an invocation: the host is asked for what the handler asks for. */
public final class Invocation implements Context {
    private static final String ARN = "aws.invoked-function-arn";
    private static final String CLIENT = "aws.client-context";
    private static final String IDENTITY = "aws.cognito-identity";
    private static final String TENANT = "aws.tenant-id";

    private final int handle;
    private boolean isEnded;

    Invocation(int handle) {
        this.handle = handle;
    }

    /** The host takes it back. */
    void end() {
        isEnded = true;
        Host.drop(handle);
    }

    private void check() {
        if (isEnded) {
            throw new IllegalStateException("the context of an invocation that has ended is used");
        }
    }

    /** A method of the context that returns text. */
    private interface Getter {
        void get(int context, int result);
    }

    private String text(Getter getter) {
        check();
        Memory memory = new Memory();
        int result = Memory.allocate(8, 4);
        getter.get(handle, result);
        String text = memory.readString(result);
        Memory.release();
        return text;
    }

    private String attribute(String name) {
        check();
        byte[] bytes = Text.encode(name);
        Memory memory = new Memory();
        int passed = Memory.allocate(8, 4);
        Memory.writeBytes(passed, bytes);
        int result = Memory.allocate(12, 4);
        Host.attribute(handle, memory.readInt(passed), bytes.length, result);
        String text = memory.readOptionalString(result);
        Memory.release();
        return text;
    }

    @Override
    public String getAwsRequestId() {
        return text(Host::invocationId);
    }

    @Override
    public String getLogGroupName() {
        String name = System.getenv("AWS_LAMBDA_LOG_GROUP_NAME");
        return name != null ? name : "/aws/lambda/" + getFunctionName();
    }

    @Override
    public String getLogStreamName() {
        String name = System.getenv("AWS_LAMBDA_LOG_STREAM_NAME");
        return name != null ? name : getFunctionVersion();
    }

    @Override
    public String getFunctionName() {
        return text(Host::function);
    }

    @Override
    public String getFunctionVersion() {
        return text(Host::version);
    }

    @Override
    public String getInvokedFunctionArn() {
        return attribute(ARN);
    }

    @Override
    public CognitoIdentity getIdentity() {
        String json = attribute(IDENTITY);
        return new Identity(json == null ? null : Json.parse(Text.encode(json)));
    }

    @Override
    public ClientContext getClientContext() {
        String json = attribute(CLIENT);
        return json == null ? null : new Client(Json.parse(Text.encode(json)));
    }

    @Override
    public int getRemainingTimeInMillis() {
        check();
        long left = Host.deadline(handle) / 1_000_000 - System.currentTimeMillis();
        return (int) Math.max(0, left);
    }

    @Override
    public int getMemoryLimitInMB() {
        check();
        return (int) (Host.memoryLimit(handle) >> 20);
    }

    @Override
    public LambdaLogger getLogger() {
        return Logger.INSTANCE;
    }

    /** In later versions of the interface. */
    public String getTenantId() {
        return attribute(TENANT);
    }

    /** In later versions of the interface. */
    public String getXrayTraceId() {
        return System.getenv("_X_AMZN_TRACE_ID");
    }
}
