"""Errors of samrun: one tree under SamrunError. Each class stands beside the code that raises it.

    SamrunError
    ├── UserError                           errors.py
    │   ├── GroupError                      administration/group_admin.py
    │   ├── NoFunctionsError                administration/lambda_client.py
    │   ├── InvocationFailedError           administration/lambda_client.py
    │   ├── NoLogError                      administration/log_reader.py
    │   ├── MappingNotFoundError            administration/mapping_admin.py
    │   ├── ResetError                      administration/mapping_admin.py
    │   ├── LambdaRefusalError              administration/mapping_admin.py
    │   ├── RecordLineError                 administration/record_text.py
    │   ├── TopicError                      administration/topic_admin.py
    │   ├── ConflictError                   applications.py
    │   ├── UnknownParameterError           applications.py
    │   ├── NoValueError                    cli/commands/generate_event.py
    │   ├── NoEventError                    cli/commands/invoke.py
    │   ├── NoInputError                    cli/commands/produce.py
    │   ├── NoLocalAuthorizerError          cli/commands/token.py
    │   ├── NotConfirmedError               cli/commands/topics.py
    │   ├── LambdaAccessError               console/functions/lambda_access.py
    │   ├── PlaceError                      console/kafka/cluster.py
    │   ├── PublishingError                 console/kafka/publishing.py
    │   ├── DeadLetterError                 dead_letters/dead_letter.py
    │   ├── NoStackError                    endpoints.py
    │   ├── UnknownFunctionError            debugged_functions.py
    │   ├── PackageError                    functions/deployment_package.py
    │   ├── MissingDebuggerError            functions/debugger.py
    │   ├── SamError                        functions/sam_cli.py
    │   ├── FolderNameError                 functions/watcher.py
    │   ├── NoCredentialsError              mapping_runner.py
    │   ├── NoRecordError                   mapping/record_finder.py
    │   ├── KeyFileError                    oidc/issuer.py
    │   ├── InstallationError               pythons/errors.py
    │   ├── FolderError                     scaffold/service_folder.py
    │   ├── InvalidNameError                scaffold/names.py
    │   ├── SampleError                     scaffold/samples.py
    │   ├── ExternalServiceError            services/external.py
    │   ├── JavaError                       services/java.py
    │   ├── KafkaUnreachableError           services/kafka.py
    │   ├── KafkaSecretError                services/kafka_credentials.py
    │   ├── ResourceError                   services/resources.py
    │   ├── SettingsError                   settings.py
    │   ├── DataFolderError                 supervision/data_folder.py
    │   ├── StackInUseError                 supervision/data_folder.py
    │   ├── NewerDataError                  supervision/data_folder.py
    │   ├── PortTakenError                  supervision/ports.py
    │   ├── ProcessDiedError                supervision/process.py
    │   ├── EnvironmentVariablesError       template/values/environment_variables.py
    │   ├── TemplateError                   template/errors.py
    │   │   ├── EventRuleError              template/triggers/event_rules.py
    │   │   ├── UnresolvableError           template/resolution/intrinsics.py
    │   │   ├── LoopError                   template/reading/language_extensions.py
    │   │   ├── ResourceTypeError           template/reading/source.py
    │   │   ├── ExpressionError             template/triggers/schedule_expressions.py
    │   │   ├── ScheduleError               template/triggers/schedules.py
    │   │   ├── TopicInvalidError           template/triggers/declared_topics.py
    │   │   └── TargetInputError            template/triggers/target_inputs.py
    │   └── ParametersError                 template/values/parameters.py
    ├── ComposedMailError                   console/inbox/composed_mail.py
    ├── BadRequestError                     console/inbox/mailpit.py
    ├── PreviewNotFoundError                console/inbox/previews.py
    ├── SearchQueryError                    console/inbox/search_query.py
    ├── ResetRefusedError                   control/reset.py
    ├── ResetFailedError                    control/reset.py
    ├── ExecutionError                      durable_executions/executions.py
    ├── ApiDestinationError                 event_triggers/destination_request.py
    ├── TransformError                      event_triggers/target_input.py
    ├── AsynchronousDestinationError        functions/asynchronous_destinations.py
    ├── MalformedBatchResponseError         functions/batch_item_failures.py
    ├── DisturbanceError                    functions/disturbances.py
    ├── InitError                           functions/environment_pool.py
    ├── LambdaRequestError                  functions/invocation_request.py
    ├── FunctionNotFoundError               functions/invoker.py
    ├── FunctionUnavailableError            functions/invoker.py
    │   └── FunctionThrottledError          functions/invoker.py
    ├── PayloadTooLargeError                functions/invoker.py
    ├── FilterPatternError                  filtering/filter_pattern.py
    ├── GatewayError                        gateway/errors.py
    │   ├── InvalidTokenError               gateway/authorizer.py
    │   ├── RefusedError                    gateway/authorizer.py
    │   ├── KeysUnavailableError            gateway/keys.py
    │   ├── UnknownKeyError                 gateway/keys.py
    │   ├── AccessDeniedError               gateway/lambda_authorizer.py
    │   ├── AuthorizerFailedError           gateway/lambda_authorizer.py
    │   ├── MissingIdentityError            gateway/lambda_authorizer.py
    │   ├── PolicyError                     gateway/policy.py
    │   ├── RequestTooLargeError            gateway/request_body.py
    │   ├── FunctionFailedError             gateway/responses.py
    │   ├── MalformedResponseError          gateway/responses.py
    │   ├── RestError                       gateway/rest_errors.py
    │   └── MappingTemplateError            gateway/velocity.py
    ├── AuthenticationError                 mapping/authentication.py
    ├── BrokerRefusalError                  mapping/group_member.py
    ├── TopicNotFoundError                  mapping/group_member.py
    ├── DestinationError                    mapping/on_failure_destination.py
    ├── PipeError                           pipes/pipe_targets.py
    ├── SchemaUnavailableError              schemas/schema.py
    ├── InvalidRecordError                  schemas/schema.py
    │   ├── SchemaNotFoundError             schemas/schema.py
    │   └── DeserializationError            schemas/schema.py
    ├── DownloadError                       services/download.py
    │   └── IncompleteDownloadError         services/download.py
    ├── MailNotFoundError                   services/mail_store.py
    ├── SecretError                         services/secrets.py
    ├── TextMessageNotFoundError            services/text_message_store.py
    ├── StackEndedError                     testing/stack.py
    ├── UnknownNameError                    testing/stack_client.py
    └── WaitError                           testing/stack_client.py

The command line prints a UserError as a message, without a traceback. The others stay inside: their callers answer a
request with them, retry, or log them.
"""

from collections.abc import Iterator


class SamrunError(Exception):
    """An error that samrun raises itself, and expects."""


class UserError(SamrunError):
    """An error outside the code; its message says what is wrong, where, and what to do."""


def user_errors(group: BaseExceptionGroup[BaseException]) -> list[UserError]:
    """Return the errors of a group if each is a UserError; raise the group if one is not."""
    errors = list(leaves(group))
    user = [error for error in errors if isinstance(error, UserError)]
    if len(user) < len(errors):
        raise group
    return user


def leaves(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    """Yield the errors of a group, and of the groups in it."""
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from leaves(error)
        else:
            yield error
