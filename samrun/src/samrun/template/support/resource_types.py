"""Resource types of CloudFormation that the runner knows, grouped by their use."""

FUNCTION = "AWS::Lambda::Function"
FUNCTION_URL = "AWS::Lambda::Url"
HTTP_API = "AWS::ApiGatewayV2::Api"
STAGE = "AWS::ApiGatewayV2::Stage"
REST_API = "AWS::ApiGateway::RestApi"
REST_STAGE = "AWS::ApiGateway::Stage"
DEPLOYMENT = "AWS::ApiGateway::Deployment"
EVENT_SOURCE_MAPPING = "AWS::Lambda::EventSourceMapping"
EVENT_INVOKE_CONFIG = "AWS::Lambda::EventInvokeConfig"
RULE = "AWS::Events::Rule"
MAIL_EVENT_DESTINATION = "AWS::SES::ConfigurationSetEventDestination"
SCHEDULE = "AWS::Scheduler::Schedule"
LAYER = "AWS::Lambda::LayerVersion"
STACK = "AWS::CloudFormation::Stack"
STATE_MACHINE = "AWS::StepFunctions::StateMachine"
TOPIC = "AWS::MSK::Topic"
PIPE = "AWS::Pipes::Pipe"
RECEIPT_RULE = "AWS::SES::ReceiptRule"
API_DESTINATION = "AWS::Events::ApiDestination"
CONNECTION = "AWS::Events::Connection"

# The runner runs these.
RUN = {
    FUNCTION,
    FUNCTION_URL,
    HTTP_API,
    REST_API,
    EVENT_SOURCE_MAPPING,
    EVENT_INVOKE_CONFIG,
    RULE,
    MAIL_EVENT_DESTINATION,
    SCHEDULE,
    LAYER,
    STACK,
    TOPIC,
    PIPE,
    API_DESTINATION,
    CONNECTION,
    RECEIPT_RULE,
}
# samrun.services.resources creates these in the local AWS, for the functions to use.
CREATED = {
    "AWS::DynamoDB::Table",
    "AWS::Events::EventBus",
    "AWS::Kinesis::Stream",
    "AWS::KMS::Alias",
    "AWS::KMS::Key",
    "AWS::S3::Bucket",
    "AWS::SecretsManager::Secret",
    "AWS::SES::ConfigurationSet",
    "AWS::SES::EmailIdentity",
    "AWS::SNS::Subscription",
    "AWS::SNS::Topic",
    "AWS::SQS::Queue",
    "AWS::SSM::Parameter",
    STATE_MACHINE,
}
# These have no effect on one machine: another resource carries their meaning, or they matter in operation only (rights,
# networks, names, certificates, alarms, logs, deployments).
PASSIVE = {
    STAGE,
    REST_STAGE,
    DEPLOYMENT,
    "AWS::ApiGateway::Account",
    # The parts of an API: the readers of APIs take them with the API.
    "AWS::ApiGateway::ApiKey",
    "AWS::ApiGateway::Authorizer",
    "AWS::ApiGateway::GatewayResponse",
    "AWS::ApiGateway::Method",
    "AWS::ApiGateway::Model",
    "AWS::ApiGateway::RequestValidator",
    "AWS::ApiGateway::Resource",
    "AWS::ApiGateway::UsagePlan",
    "AWS::ApiGateway::UsagePlanKey",
    "AWS::ApiGateway::BasePathMapping",
    "AWS::ApiGateway::BasePathMappingV2",
    "AWS::ApiGateway::DomainName",
    "AWS::ApiGateway::DomainNameAccessAssociation",
    "AWS::ApiGateway::DomainNameV2",
    "AWS::ApiGateway::VpcLink",  # the integration that uses it is named instead
    "AWS::ApiGatewayV2::ApiMapping",
    "AWS::ApiGatewayV2::Authorizer",
    "AWS::ApiGatewayV2::Deployment",
    "AWS::ApiGatewayV2::DomainName",
    "AWS::ApiGatewayV2::Integration",
    "AWS::ApiGatewayV2::Route",
    "AWS::ApiGatewayV2::VpcLink",
    "AWS::ACMPCA::Certificate",
    "AWS::ACMPCA::CertificateAuthority",
    "AWS::ACMPCA::CertificateAuthorityActivation",
    "AWS::ACMPCA::Permission",
    "AWS::ApplicationAutoScaling::ScalableTarget",
    "AWS::ApplicationAutoScaling::ScalingPolicy",
    "AWS::ApplicationInsights::Application",
    "AWS::Budgets::Budget",
    "AWS::CertificateManager::Certificate",
    "AWS::CloudFormation::WaitConditionHandle",
    "AWS::CloudFront::CachePolicy",
    "AWS::CloudFront::Distribution",
    "AWS::CloudFront::OriginAccessControl",
    "AWS::CloudFront::OriginRequestPolicy",
    "AWS::CloudFront::ResponseHeadersPolicy",
    "AWS::CloudTrail::Trail",
    "AWS::CloudWatch::Alarm",
    "AWS::CloudWatch::AnomalyDetector",
    "AWS::CloudWatch::CompositeAlarm",
    "AWS::CloudWatch::Dashboard",
    "AWS::CodeDeploy::Application",
    "AWS::CodeDeploy::DeploymentConfig",
    "AWS::CodeDeploy::DeploymentGroup",
    "AWS::EC2::EIP",
    "AWS::EC2::FlowLog",
    "AWS::EC2::InternetGateway",
    "AWS::EC2::KeyPair",
    "AWS::EC2::NatGateway",
    "AWS::EC2::NetworkAcl",
    "AWS::EC2::NetworkAclEntry",
    "AWS::EC2::PrefixList",
    "AWS::EC2::Route",
    "AWS::EC2::RouteTable",
    "AWS::EC2::SecurityGroup",
    "AWS::EC2::SecurityGroupEgress",
    "AWS::EC2::SecurityGroupIngress",
    "AWS::EC2::Subnet",
    "AWS::EC2::SubnetNetworkAclAssociation",
    "AWS::EC2::SubnetRouteTableAssociation",
    "AWS::EC2::VPC",
    "AWS::EC2::VPCCidrBlock",
    "AWS::EC2::VPCEndpoint",
    "AWS::EC2::VPCGatewayAttachment",
    "AWS::EC2::VPCPeeringConnection",
    "AWS::ECR::Repository",
    "AWS::Events::EventBusPolicy",
    "AWS::IAM::Group",
    "AWS::IAM::InstanceProfile",
    "AWS::IAM::ManagedPolicy",
    "AWS::IAM::OIDCProvider",
    "AWS::IAM::Policy",
    "AWS::IAM::Role",
    "AWS::IAM::RolePolicy",
    "AWS::IAM::ServiceLinkedRole",
    "AWS::IAM::User",
    "AWS::Lambda::Alias",
    "AWS::Lambda::CapacityProvider",
    "AWS::Lambda::CodeSigningConfig",
    "AWS::Lambda::LayerVersionPermission",
    "AWS::Lambda::Permission",
    "AWS::Lambda::Version",
    "AWS::Logs::AccountPolicy",
    "AWS::Logs::LogGroup",
    "AWS::Logs::LogStream",
    "AWS::Logs::MetricFilter",
    "AWS::Logs::QueryDefinition",
    "AWS::Logs::ResourcePolicy",
    "AWS::MSK::BatchScramSecret",
    "AWS::MSK::Cluster",  # the local Kafka stands for it
    "AWS::MSK::ClusterPolicy",
    "AWS::MSK::Configuration",
    "AWS::MSK::ServerlessCluster",
    "AWS::ResourceGroups::Group",
    "AWS::Route53::HealthCheck",
    "AWS::Route53::HostedZone",
    "AWS::Route53::RecordSet",
    "AWS::Route53::RecordSetGroup",
    "AWS::S3::BucketPolicy",
    "AWS::Scheduler::ScheduleGroup",
    "AWS::SecretsManager::ResourcePolicy",
    "AWS::SES::ReceiptRuleSet",
    "AWS::Signer::SigningProfile",
    "AWS::SNS::TopicInlinePolicy",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::QueueInlinePolicy",
    "AWS::SQS::QueuePolicy",
    "AWS::Synthetics::Canary",
    "AWS::WAFv2::IPSet",
    "AWS::WAFv2::WebACL",
    "AWS::WAFv2::WebACLAssociation",
    "AWS::XRay::Group",
    "AWS::XRay::SamplingRule",
}
# Reasons why a resource is not made or run, by its type or by the service of its type. A function that needs one fails.
_MISSING = "samrun has none; a function that calls it fails"
_CUSTOM = "its ServiceToken is not a function of the template"
_NOT_RUN = {
    "AWS::AmazonMQ": "samrun has no broker of Amazon MQ",
    "AWS::Amplify": "samrun builds and hosts no web pages",
    "AWS::AppConfig": _MISSING,
    "AWS::AppSync": "samrun runs no GraphQL APIs",
    "AWS::BedrockAgentCore": _MISSING,
    "AWS::CloudFormation::CustomResource": _CUSTOM,
    "AWS::CloudFront::Function": "samrun runs no functions of CloudFront",
    "AWS::CodeBuild": "samrun builds no projects of CodeBuild",
    "AWS::CodeCommit": "samrun has no repositories of CodeCommit",
    "AWS::Cognito": "samrun has no user pools. Its own issuer stands for them (`samrun token`)",
    "AWS::DAX": _MISSING,
    "AWS::DocDB": _MISSING,
    "AWS::DSQL": _MISSING,
    "AWS::EC2": "samrun runs no machines",
    "AWS::ECS": "samrun runs no containers of ECS",
    "AWS::EFS": "samrun mounts no file system",
    "AWS::ElastiCache": _MISSING,
    "AWS::ElasticLoadBalancingV2": "samrun has no load balancer",
    "AWS::Events::Archive": "samrun keeps no archive of events",
    "AWS::IoT": "samrun has no message broker of AWS IoT",
    "AWS::Kendra": _MISSING,
    "AWS::KinesisFirehose": _MISSING,
    "AWS::Logs::SubscriptionFilter": "samrun sends no logs to CloudWatch",
    "AWS::Neptune": _MISSING,
    "AWS::OpenSearchServerless": _MISSING,
    "AWS::OpenSearchService": _MISSING,
    "AWS::QBusiness": _MISSING,
    "AWS::RDS": "samrun has no database of RDS",
    "AWS::S3::AccessPoint": "samrun has no access points: name the bucket",
    "AWS::S3Files": "samrun mounts no file system",
    "AWS::S3ObjectLambda": "samrun has no access points: name the bucket",
    "AWS::SecretsManager::RotationSchedule": "samrun rotates no secrets",
    "AWS::SecretsManager::SecretTargetAttachment": "the secret keeps the value of the template, without an address",
    "AWS::SSM::Document": "samrun runs no documents of Systems Manager",
    "AWS::StepFunctions": "samrun runs state machines without their aliases, versions and activities",
    "AWS::Timestream": _MISSING,
    "AWS::Transfer": "samrun has no server for SFTP and FTP",
    "AWS::VpcLattice": "samrun has no network between services",
    "Custom": _CUSTOM,
}


def reason_not_run(kind: str) -> str | None:
    """Return why a resource of this type is not made or run, or None if the type alone says it."""
    return _NOT_RUN.get(kind) or _NOT_RUN.get(kind.rpartition("::")[0])


KNOWN = RUN | CREATED | PASSIVE
