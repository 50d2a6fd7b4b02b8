"""Every operation of AWS's models is known: what is not served is said to be so."""

import os
import unittest

import botocore.session

PAGE = os.path.join(os.path.dirname(__file__), "../../../runtime/docs/src/reference/aws.md")
SERVICES = {
    "CloudWatch Logs": "logs", "DynamoDB": "dynamodb", "DynamoDB Streams": "dynamodbstreams", "EventBridge Scheduler": "scheduler", "IAM": "iam",
    "Lambda": "lambda", "S3": "s3", "SNS": "sns", "SQS": "sqs", "STS": "sts", "Secrets Manager": "secretsmanager", "Systems Manager": "ssm",
}


def documented():
    """The operations of each service, as the page has them."""
    services, current = {}, None
    with open(PAGE) as page:
        for line in page:
            if line.startswith("## "):
                current = services.setdefault(line[3:].strip(), set())
            elif line.startswith("| ") and "---" not in line and not line.startswith("| operation"):
                current.add(line.split("|")[1].strip())
    return services


class Models(unittest.TestCase):
    def test_every_operation_is_on_the_page(self):
        pages = documented()
        self.assertIn("Lambda", pages)
        for service, operations in pages.items():
            with self.subTest(service):
                model = botocore.session.get_session().get_service_model(SERVICES[service])
                self.assertEqual(set(model.operation_names), operations)


if __name__ == "__main__":
    unittest.main()
