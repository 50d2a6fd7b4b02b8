package example;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import com.amazonaws.services.lambda.runtime.events.S3Event;
import java.util.List;
import java.util.stream.Collectors;

public class Objects implements RequestHandler<S3Event, List<String>> {
    @Override
    public List<String> handleRequest(S3Event event, Context context) {
        return event.getRecords().stream().map(record -> {
            var s3 = record.getS3();
            String line = record.getEventName() + " " + s3.getBucket().getName() + "/" + s3.getObject().getUrlDecodedKey()
                    + " " + s3.getObject().getSizeAsLong() + " " + record.getEventTime().getYear();
            context.getLogger().log(line);
            return line;
        }).collect(Collectors.toList());
    }
}
