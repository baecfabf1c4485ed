"""Parameter sets of template.yaml that the tests deploy with."""

CLUSTER = "arn:aws:kafka:eu-central-1:111122223333:cluster/shop/abc-1"
# Values for the parameters that have no default.
REQUIRED = {
    "Environment": "production",
    "KafkaBootstrapServers": "b-1.shop.example:9098,b-2.shop.example:9098",
    "SenderDomain": "shop.example",
    "TokenIssuer": "https://issuer.example",
}
KAFKA_SECRET = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:AmazonMSK_order-a1b2c3"
KAFKA_SECRET_KEY = "arn:aws:kms:eu-central-1:111122223333:key/11111111-2222-3333-4444-555555555555"
CA_SECRET = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:authority-a1b2c3"
# A cluster without authentication, for tests that do not depend on the cluster.
PLAIN = {**REQUIRED, "KafkaAuthentication": "none"}
KEY = "arn:aws:kms:eu-central-1:123456789012:key/66666666-7777-8888-9999-000000000000"
VPC = {"SubnetIds": "subnet-a,subnet-b", "SecurityGroupIds": "sg-a"}
