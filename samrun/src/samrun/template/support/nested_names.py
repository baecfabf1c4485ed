"""Names inside the properties that the runner reads, by CloudFormation's schemas.

samrun/tools/nested_names.py writes this module. An empty object stands for any names.
"""

from collections.abc import Mapping
from typing import Any

NESTED_NAMES: Mapping[str, Mapping[str, Any]] = {
    "AWS::Lambda::EventSourceMapping": {
        "AmazonManagedKafkaEventSourceConfig": {
            "ConsumerGroupId": {},
            "SchemaRegistryConfig": {
                "AccessConfigs": {"Type": {}, "URI": {}},
                "EventRecordFormat": {},
                "SchemaRegistryURI": {},
                "SchemaValidationConfigs": {"Attribute": {}},
            },
        },
        "DestinationConfig": {"OnFailure": {"Destination": {}}},
        "FilterCriteria": {"Filters": {"Pattern": {}}},
        "ProvisionedPollerConfig": {"MaximumPollers": {}, "MinimumPollers": {}, "PollerGroupName": {}},
        "ScalingConfig": {"MaximumConcurrency": {}},
        "SelfManagedEventSource": {"Endpoints": {"KafkaBootstrapServers": {}, "KAFKA_BOOTSTRAP_SERVERS": {}}},
        "SelfManagedKafkaEventSourceConfig": {
            "ConsumerGroupId": {},
            "ConsumptionMode": {},
            "SchemaRegistryConfig": {
                "AccessConfigs": {"Type": {}, "URI": {}},
                "EventRecordFormat": {},
                "SchemaRegistryURI": {},
                "SchemaValidationConfigs": {"Attribute": {}},
            },
        },
        "SourceAccessConfigurations": {"Type": {}, "URI": {}},
    },
    "AWS::Lambda::Function": {
        "Code": {
            "ImageUri": {},
            "S3Bucket": {},
            "S3Key": {},
            "S3ObjectStorageMode": {},
            "S3ObjectVersion": {},
            "SourceKMSKeyArn": {},
            "ZipFile": {},
        },
        "DeadLetterConfig": {"TargetArn": {}},
        "DurableConfig": {"ExecutionTimeout": {}, "KMSKeyArn": {}, "RetentionPeriodInDays": {}},
        "Environment": {"Variables": {}},
        "EphemeralStorage": {"Size": {}},
        "LoggingConfig": {"ApplicationLogLevel": {}, "LogFormat": {}, "LogGroup": {}, "SystemLogLevel": {}},
        "TenancyConfig": {"TenantIsolationMode": {}},
    },
    "AWS::Lambda::Url": {
        "Cors": {
            "AllowCredentials": {},
            "AllowHeaders": {},
            "AllowMethods": {},
            "AllowOrigins": {},
            "ExposeHeaders": {},
            "MaxAge": {},
        }
    },
    "AWS::Lambda::EventInvokeConfig": {
        "DestinationConfig": {"OnFailure": {"Destination": {}}, "OnSuccess": {"Destination": {}}}
    },
    "AWS::SES::ConfigurationSetEventDestination": {
        "EventDestination": {
            "CloudWatchDestination": {
                "DimensionConfigurations": {
                    "DefaultDimensionValue": {},
                    "DimensionName": {},
                    "DimensionValueSource": {},
                }
            },
            "Enabled": {},
            "EventBridgeDestination": {"EventBusArn": {}},
            "KinesisFirehoseDestination": {"DeliveryStreamARN": {}, "IAMRoleARN": {}},
            "MatchingEventTypes": {},
            "Name": {},
            "SnsDestination": {"TopicARN": {}},
        }
    },
    "AWS::Events::Rule": {
        "Targets": {
            "AppSyncParameters": {"GraphQLOperation": {}},
            "Arn": {},
            "BatchParameters": {
                "ArrayProperties": {"Size": {}},
                "JobDefinition": {},
                "JobName": {},
                "RetryStrategy": {"Attempts": {}},
            },
            "DeadLetterConfig": {"Arn": {}},
            "EcsParameters": {
                "CapacityProviderStrategy": {"Base": {}, "CapacityProvider": {}, "Weight": {}},
                "EnableECSManagedTags": {},
                "EnableExecuteCommand": {},
                "Group": {},
                "LaunchType": {},
                "NetworkConfiguration": {
                    "AwsVpcConfiguration": {"AssignPublicIp": {}, "SecurityGroups": {}, "Subnets": {}}
                },
                "PlacementConstraints": {"Expression": {}, "Type": {}},
                "PlacementStrategies": {"Field": {}, "Type": {}},
                "PlatformVersion": {},
                "PropagateTags": {},
                "ReferenceId": {},
                "TagList": {"Key": {}, "Value": {}},
                "TaskCount": {},
                "TaskDefinitionArn": {},
            },
            "HttpParameters": {"HeaderParameters": {}, "PathParameterValues": {}, "QueryStringParameters": {}},
            "Id": {},
            "Input": {},
            "InputPath": {},
            "InputTransformer": {"InputPathsMap": {}, "InputTemplate": {}},
            "KinesisParameters": {"PartitionKeyPath": {}},
            "RedshiftDataParameters": {
                "Database": {},
                "DbUser": {},
                "SecretManagerArn": {},
                "Sql": {},
                "Sqls": {},
                "StatementName": {},
                "WithEvent": {},
            },
            "RetryPolicy": {"MaximumEventAgeInSeconds": {}, "MaximumRetryAttempts": {}},
            "RoleArn": {},
            "RunCommandParameters": {"RunCommandTargets": {"Key": {}, "Values": {}}},
            "SageMakerPipelineParameters": {"PipelineParameterList": {"Name": {}, "Value": {}}},
            "SqsParameters": {"MessageGroupId": {}},
        }
    },
    "AWS::Scheduler::Schedule": {
        "FlexibleTimeWindow": {"MaximumWindowInMinutes": {}, "Mode": {}},
        "Target": {
            "Arn": {},
            "DeadLetterConfig": {"Arn": {}},
            "EcsParameters": {
                "CapacityProviderStrategy": {"Base": {}, "CapacityProvider": {}, "Weight": {}},
                "EnableECSManagedTags": {},
                "EnableExecuteCommand": {},
                "Group": {},
                "LaunchType": {},
                "NetworkConfiguration": {
                    "AwsvpcConfiguration": {"AssignPublicIp": {}, "SecurityGroups": {}, "Subnets": {}}
                },
                "PlacementConstraints": {"Expression": {}, "Type": {}},
                "PlacementStrategy": {"Field": {}, "Type": {}},
                "PlatformVersion": {},
                "PropagateTags": {},
                "ReferenceId": {},
                "Tags": {},
                "TaskCount": {},
                "TaskDefinitionArn": {},
            },
            "EventBridgeParameters": {"DetailType": {}, "Source": {}},
            "Input": {},
            "KinesisParameters": {"PartitionKey": {}},
            "RetryPolicy": {"MaximumEventAgeInSeconds": {}, "MaximumRetryAttempts": {}},
            "RoleArn": {},
            "SageMakerPipelineParameters": {"PipelineParameterList": {"Name": {}, "Value": {}}},
            "SqsParameters": {"MessageGroupId": {}},
        },
    },
    "AWS::ApiGatewayV2::Api": {
        "CorsConfiguration": {
            "AllowCredentials": {},
            "AllowHeaders": {},
            "AllowMethods": {},
            "AllowOrigins": {},
            "ExposeHeaders": {},
            "MaxAge": {},
        }
    },
    "AWS::ApiGatewayV2::Stage": {
        "DefaultRouteSettings": {
            "DataTraceEnabled": {},
            "DetailedMetricsEnabled": {},
            "LoggingLevel": {},
            "ThrottlingBurstLimit": {},
            "ThrottlingRateLimit": {},
        }
    },
    "AWS::ApiGatewayV2::Authorizer": {"JwtConfiguration": {"Audience": {}, "Issuer": {}}},
    "AWS::ApiGateway::Stage": {
        "MethodSettings": {
            "CacheDataEncrypted": {},
            "CacheTtlInSeconds": {},
            "CachingEnabled": {},
            "DataTraceEnabled": {},
            "HttpMethod": {},
            "LoggingLevel": {},
            "MetricsEnabled": {},
            "ResourcePath": {},
            "ThrottlingBurstLimit": {},
            "ThrottlingRateLimit": {},
        }
    },
    "AWS::ApiGateway::Method": {
        "Integration": {
            "CacheKeyParameters": {},
            "CacheNamespace": {},
            "ConnectionId": {},
            "ConnectionType": {},
            "ContentHandling": {},
            "Credentials": {},
            "IntegrationHttpMethod": {},
            "IntegrationResponses": {
                "ContentHandling": {},
                "ResponseParameters": {},
                "ResponseTemplates": {},
                "SelectionPattern": {},
                "StatusCode": {},
            },
            "IntegrationTarget": {},
            "PassthroughBehavior": {},
            "RequestParameters": {},
            "RequestTemplates": {},
            "ResponseTransferMode": {},
            "TimeoutInMillis": {},
            "Type": {},
            "Uri": {},
        }
    },
    "AWS::ApiGateway::UsagePlan": {
        "ApiStages": {"ApiId": {}, "Stage": {}, "Throttle": {}},
        "Quota": {"Limit": {}, "Offset": {}, "Period": {}},
        "Throttle": {"BurstLimit": {}, "RateLimit": {}},
    },
    "AWS::DynamoDB::Table": {
        "AttributeDefinitions": {"AttributeName": {}, "AttributeType": {}},
        "GlobalSecondaryIndexes": {
            "ContributorInsightsSpecification": {"Enabled": {}, "Mode": {}},
            "IndexName": {},
            "KeySchema": {"AttributeName": {}, "KeyType": {}},
            "OnDemandThroughput": {"MaxReadRequestUnits": {}, "MaxWriteRequestUnits": {}},
            "Projection": {"NonKeyAttributes": {}, "ProjectionType": {}},
            "ProvisionedThroughput": {"ReadCapacityUnits": {}, "WriteCapacityUnits": {}},
            "WarmThroughput": {"ReadUnitsPerSecond": {}, "WriteUnitsPerSecond": {}},
        },
        "KeySchema": {"AttributeName": {}, "KeyType": {}},
        "KinesisStreamSpecification": {"ApproximateCreationDateTimePrecision": {}, "StreamArn": {}},
        "LocalSecondaryIndexes": {
            "IndexName": {},
            "KeySchema": {"AttributeName": {}, "KeyType": {}},
            "Projection": {"NonKeyAttributes": {}, "ProjectionType": {}},
        },
        "StreamSpecification": {
            "ResourcePolicy": {"PolicyDocument": {}},
            "StreamViewType": {},
            "Tags": {"Key": {}, "Value": {}},
        },
        "TimeToLiveSpecification": {"AttributeName": {}, "Enabled": {}},
    },
    "AWS::Kinesis::Stream": {"StreamModeDetails": {"StreamMode": {}}},
    "AWS::S3::Bucket": {
        "NotificationConfiguration": {
            "EventBridgeConfiguration": {"EventBridgeEnabled": {}},
            "LambdaConfigurations": {
                "Event": {},
                "Filter": {"S3Key": {"Rules": {"Name": {}, "Value": {}}}},
                "Function": {},
            },
            "QueueConfigurations": {
                "Event": {},
                "Filter": {"S3Key": {"Rules": {"Name": {}, "Value": {}}}},
                "Queue": {},
            },
            "TopicConfigurations": {
                "Event": {},
                "Filter": {"S3Key": {"Rules": {"Name": {}, "Value": {}}}},
                "Topic": {},
            },
        },
        "VersioningConfiguration": {"Status": {}},
    },
    "AWS::SNS::Topic": {"Subscription": {"Endpoint": {}, "Protocol": {}}},
    "AWS::SQS::Queue": {"RedrivePolicy": {"deadLetterTargetArn": {}, "maxReceiveCount": {}}},
    "AWS::StepFunctions::StateMachine": {"DefinitionS3Location": {"Bucket": {}, "Key": {}, "Version": {}}},
    "AWS::SecretsManager::Secret": {
        "GenerateSecretString": {
            "ExcludeCharacters": {},
            "ExcludeLowercase": {},
            "ExcludeNumbers": {},
            "ExcludePunctuation": {},
            "ExcludeUppercase": {},
            "GenerateStringKey": {},
            "IncludeSpace": {},
            "PasswordLength": {},
            "RequireEachIncludedType": {},
            "SecretStringTemplate": {},
        }
    },
}
