"""Services that the functions talk to: Kafka, DynamoDB and the other AWS services, started here or running elsewhere.

In the order of a start: `launcher` starts them all. `java` finds a JVM, and fetches the two `java_programs` file by
file with `download`. `kafka` starts the broker, quickly with an `aot_cache` and a kept `kafka_format`, with the
listeners of `kafka_tls` and the user of `kafka_credentials`; `secured_listener` finds the one on which a mapping
authenticates. `dynamodb` starts DynamoDB Local behind a `dynamodb_proxy`, with an `aot_cache`, too, for which it needs
a `plain_jar`; `quick_starts` writes these caches. `moto_server` starts the other AWS services, of which
`unknown_service` and `unsupported_operation` refuse some; `state_machine_execution` lets moto run state machines.
`external` checks the services that run elsewhere. `mail_collector` fetches their mails, which `mail_store` keeps as
files, and their text messages, which `text_message_store` keeps; `mailbox` reads addresses, `mail_tags` the tags that a
mail brings, and `send_options` the options of the request that sends one. `clients` makes the boto3 clients,
`message_sender` sends with them to queues, topics, buckets and state machines, `secrets` reads those of Secrets
Manager, and `resources` creates the template's resources, with `tables`, `buckets` and `event_queues`, from which the
runner invokes functions; `event_buses` lets EventBridge send its events to such queues.

Errors: these are UserErrors, so the command line prints their messages without a traceback.

    JavaError                no JVM, or a Java program that could not be fetched
    KafkaUnreachableError    no broker answers, or it refuses a request
    KafkaSecretError         a secret with the broker's credentials could not be written
    ExternalServiceError     nothing answers where a service should run
    ResourceError            a resource of the template could not be created

`download` raises DownloadError, and IncompleteDownloadError for its own next attempt; `java` makes a JavaError of it.
`mail_store` raises MailNotFoundError and `text_message_store` TextMessageNotFoundError, which the console answers with
404. `secrets` raises SecretError, which its callers report.
"""
