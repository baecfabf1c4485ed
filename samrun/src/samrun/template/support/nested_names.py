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
    "AWS::Pipes::Pipe": {
        "EnrichmentParameters": {
            "HttpParameters": {"HeaderParameters": {}, "PathParameterValues": {}, "QueryStringParameters": {}},
            "InputTemplate": {},
        },
        "SourceParameters": {
            "ActiveMQBrokerParameters": {
                "BatchSize": {},
                "Credentials": {"BasicAuth": {}},
                "MaximumBatchingWindowInSeconds": {},
                "QueueName": {},
            },
            "DynamoDBStreamParameters": {
                "BatchSize": {},
                "DeadLetterConfig": {"Arn": {}},
                "MaximumBatchingWindowInSeconds": {},
                "MaximumRecordAgeInSeconds": {},
                "MaximumRetryAttempts": {},
                "OnPartialBatchItemFailure": {},
                "ParallelizationFactor": {},
                "StartingPosition": {},
            },
            "FilterCriteria": {"Filters": {"Pattern": {}}},
            "KinesisStreamParameters": {
                "BatchSize": {},
                "DeadLetterConfig": {"Arn": {}},
                "MaximumBatchingWindowInSeconds": {},
                "MaximumRecordAgeInSeconds": {},
                "MaximumRetryAttempts": {},
                "OnPartialBatchItemFailure": {},
                "ParallelizationFactor": {},
                "StartingPosition": {},
                "StartingPositionTimestamp": {},
            },
            "ManagedStreamingKafkaParameters": {
                "BatchSize": {},
                "ConsumerGroupID": {},
                "Credentials": {"SaslScram512Auth": {}, "ClientCertificateTlsAuth": {}},
                "MaximumBatchingWindowInSeconds": {},
                "StartingPosition": {},
                "TopicName": {},
            },
            "RabbitMQBrokerParameters": {
                "BatchSize": {},
                "Credentials": {"BasicAuth": {}},
                "MaximumBatchingWindowInSeconds": {},
                "QueueName": {},
                "VirtualHost": {},
            },
            "SelfManagedKafkaParameters": {
                "AdditionalBootstrapServers": {},
                "BatchSize": {},
                "ConsumerGroupID": {},
                "Credentials": {
                    "BasicAuth": {},
                    "SaslScram512Auth": {},
                    "SaslScram256Auth": {},
                    "ClientCertificateTlsAuth": {},
                },
                "MaximumBatchingWindowInSeconds": {},
                "ServerRootCaCertificate": {},
                "StartingPosition": {},
                "TopicName": {},
                "Vpc": {"SecurityGroup": {}, "Subnets": {}},
            },
            "SqsQueueParameters": {"BatchSize": {}, "MaximumBatchingWindowInSeconds": {}},
        },
        "TargetParameters": {
            "BatchJobParameters": {
                "ArrayProperties": {"Size": {}},
                "ContainerOverrides": {
                    "Command": {},
                    "Environment": {"Name": {}, "Value": {}},
                    "InstanceType": {},
                    "ResourceRequirements": {"Type": {}, "Value": {}},
                },
                "DependsOn": {"JobId": {}, "Type": {}},
                "JobDefinition": {},
                "JobName": {},
                "Parameters": {},
                "RetryStrategy": {"Attempts": {}},
            },
            "CloudWatchLogsParameters": {"LogStreamName": {}, "Timestamp": {}},
            "EcsTaskParameters": {
                "CapacityProviderStrategy": {"Base": {}, "CapacityProvider": {}, "Weight": {}},
                "EnableECSManagedTags": {},
                "EnableExecuteCommand": {},
                "Group": {},
                "LaunchType": {},
                "NetworkConfiguration": {
                    "AwsvpcConfiguration": {"AssignPublicIp": {}, "SecurityGroups": {}, "Subnets": {}}
                },
                "Overrides": {
                    "ContainerOverrides": {
                        "Command": {},
                        "Cpu": {},
                        "Environment": {"Name": {}, "Value": {}},
                        "EnvironmentFiles": {"Type": {}, "Value": {}},
                        "Memory": {},
                        "MemoryReservation": {},
                        "Name": {},
                        "ResourceRequirements": {"Type": {}, "Value": {}},
                    },
                    "Cpu": {},
                    "EphemeralStorage": {"SizeInGiB": {}},
                    "ExecutionRoleArn": {},
                    "InferenceAcceleratorOverrides": {"DeviceName": {}, "DeviceType": {}},
                    "Memory": {},
                    "TaskRoleArn": {},
                },
                "PlacementConstraints": {"Expression": {}, "Type": {}},
                "PlacementStrategy": {"Field": {}, "Type": {}},
                "PlatformVersion": {},
                "PropagateTags": {},
                "ReferenceId": {},
                "Tags": {"Key": {}, "Value": {}},
                "TaskCount": {},
                "TaskDefinitionArn": {},
            },
            "EventBridgeEventBusParameters": {
                "DetailType": {},
                "EndpointId": {},
                "Resources": {},
                "Source": {},
                "Time": {},
            },
            "HttpParameters": {"HeaderParameters": {}, "PathParameterValues": {}, "QueryStringParameters": {}},
            "InputTemplate": {},
            "KinesisStreamParameters": {"PartitionKey": {}},
            "LambdaFunctionParameters": {"InvocationType": {}},
            "RedshiftDataParameters": {
                "Database": {},
                "DbUser": {},
                "SecretManagerArn": {},
                "Sqls": {},
                "StatementName": {},
                "WithEvent": {},
            },
            "SageMakerPipelineParameters": {"PipelineParameterList": {"Name": {}, "Value": {}}},
            "SqsQueueParameters": {"MessageDeduplicationId": {}, "MessageGroupId": {}},
            "StepFunctionStateMachineParameters": {"InvocationType": {}},
            "TimestreamParameters": {
                "DimensionMappings": {"DimensionName": {}, "DimensionValue": {}, "DimensionValueType": {}},
                "EpochTimeUnit": {},
                "MultiMeasureMappings": {
                    "MultiMeasureAttributeMappings": {
                        "MeasureValue": {},
                        "MeasureValueType": {},
                        "MultiMeasureAttributeName": {},
                    },
                    "MultiMeasureName": {},
                },
                "SingleMeasureMappings": {"MeasureName": {}, "MeasureValue": {}, "MeasureValueType": {}},
                "TimeFieldType": {},
                "TimeValue": {},
                "TimestampFormat": {},
                "VersionValue": {},
            },
        },
    },
    "AWS::SES::ReceiptRule": {
        "Rule": {
            "Actions": {
                "AddHeaderAction": {"HeaderName": {}, "HeaderValue": {}},
                "BounceAction": {"Message": {}, "Sender": {}, "SmtpReplyCode": {}, "StatusCode": {}, "TopicArn": {}},
                "ConnectAction": {"IAMRoleARN": {}, "InstanceARN": {}},
                "LambdaAction": {"FunctionArn": {}, "InvocationType": {}, "TopicArn": {}},
                "S3Action": {
                    "BucketName": {},
                    "IamRoleArn": {},
                    "KmsKeyArn": {},
                    "ObjectKeyPrefix": {},
                    "TopicArn": {},
                },
                "SNSAction": {"Encoding": {}, "TopicArn": {}},
                "StopAction": {"Scope": {}, "TopicArn": {}},
                "WorkmailAction": {"OrganizationArn": {}, "TopicArn": {}},
            },
            "Enabled": {},
            "Name": {},
            "Recipients": {},
            "ScanEnabled": {},
            "TlsPolicy": {},
        }
    },
    "AWS::Events::Connection": {
        "AuthParameters": {
            "ApiKeyAuthParameters": {"ApiKeyName": {}, "ApiKeyValue": {}},
            "BasicAuthParameters": {"Password": {}, "Username": {}},
            "ConnectivityParameters": {
                "ResourceParameters": {"ResourceAssociationArn": {}, "ResourceConfigurationArn": {}}
            },
            "InvocationHttpParameters": {
                "BodyParameters": {"IsValueSecret": {}, "Key": {}, "Value": {}},
                "HeaderParameters": {"IsValueSecret": {}, "Key": {}, "Value": {}},
                "QueryStringParameters": {"IsValueSecret": {}, "Key": {}, "Value": {}},
            },
            "OAuthParameters": {
                "AuthorizationEndpoint": {},
                "ClientParameters": {"ClientID": {}, "ClientSecret": {}},
                "HttpMethod": {},
                "OAuthHttpParameters": {
                    "BodyParameters": {"IsValueSecret": {}, "Key": {}, "Value": {}},
                    "HeaderParameters": {"IsValueSecret": {}, "Key": {}, "Value": {}},
                    "QueryStringParameters": {"IsValueSecret": {}, "Key": {}, "Value": {}},
                },
            },
        }
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
