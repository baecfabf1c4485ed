"""Launcher of the services: starts them side by side, with the topics and the resources of a template."""

import asyncio
from collections.abc import Iterator, Mapping

from samrun.endpoints import Endpoints
from samrun.services import (
    dynamodb,
    dynamodb_proxy,
    event_buses,
    external,
    java,
    kafka,
    kafka_credentials,
    kafka_tls,
    moto_server,
    resources,
)
from samrun.services.clients import clients
from samrun.services.mail_collector import MailCollector
from samrun.services.mail_store import MailStore
from samrun.services.text_message_store import TextMessageStore
from samrun.settings import AWS_VARIABLE, DYNAMODB_VARIABLE, Settings
from samrun.supervision import docker, ports
from samrun.supervision.ports import LOOPBACK
from samrun.supervision.supervisor import Supervisor
from samrun.supervision.terminal import Terminal
from samrun.template.model.application import Application


class ServiceLauncher:
    """Launcher of the services of one stack under its supervisor. `claimed_ports` are the ports by name."""

    def __init__(
        self,
        settings: Settings,
        endpoints: Endpoints,
        claimed_ports: Mapping[str, int],
        supervisor: Supervisor,
        terminal: Terminal,
    ) -> None:
        self._settings = settings
        self._endpoints = endpoints
        self._ports = claimed_ports
        self._supervisor = supervisor
        self._terminal = terminal
        self._logs = settings.data / "logs"
        self._kafka_password = kafka_credentials.new_password()

    async def start(self, application: Application) -> None:
        """Start the services, and create the application's topics and resources that do not exist yet."""
        external_addresses = {dynamodb.PROGRAM: self._settings.dynamodb, kafka.PROGRAM: self._settings.kafka}
        class_paths = await java.class_paths(
            [program for program, address in external_addresses.items() if not address], terminal=self._terminal
        )
        async with asyncio.TaskGroup() as starts:
            starts.create_task(self._start_kafka_with_topics(application, class_paths.get(kafka.PROGRAM)))
            starts.create_task(self._start_aws_with_resources(application, class_paths.get(dynamodb.PROGRAM)))
        if self._settings.scram or self._settings.mutual_tls:
            client = clients(self._endpoints, self._settings.region)
            await asyncio.to_thread(
                kafka_credentials.create,
                self._endpoints.kafka,
                self._kafka_password,
                self._settings.certificates,
                client,
            )

    async def _start_kafka_with_topics(self, application: Application, class_path: str | None) -> None:
        if class_path is None:
            await asyncio.to_thread(kafka.check, self._endpoints.kafka)
        else:
            await self._start_kafka(class_path)
        topics = {mapping.topic for mapping in application.mappings}
        topics |= {mapping.on_failure_topic for mapping in application.mappings if mapping.on_failure_topic}
        declared = {topic.name: topic for topic in application.kafka_topics}
        partitions = self._settings.partitions
        created = await asyncio.to_thread(
            kafka.create_topics,
            self._endpoints.kafka,
            topics | declared.keys(),
            partitions=partitions,
            declared=declared,
        )
        for topic in created:
            number = declared[topic].partitions if topic in declared else partitions
            self._terminal.step("kafka", f"created the topic {topic}, {number} partitions")

    async def _start_aws_with_resources(self, application: Application, class_path: str | None) -> None:
        url = self._settings.aws
        async with asyncio.TaskGroup() as starts:
            starts.create_task(self._use_external_aws(url) if url else self._start_moto())
            if class_path is None:
                starts.create_task(external.check_endpoint(self._endpoints.dynamodb, variable=DYNAMODB_VARIABLE))
            else:
                starts.create_task(self._start_dynamodb(class_path))
        client = clients(self._endpoints, self._settings.region)
        for created in await asyncio.to_thread(
            resources.create_resources, application.resources, client, on_error=self._report_resource
        ):
            self._terminal.step("template", f"created {created.logical_id} ({created.type})")
        buses = {rule.bus for rule in application.event_rules}
        await asyncio.to_thread(event_buses.deliver_events, buses, client, on_error=self._report_resource)

    def _report_resource(self, error: resources.ResourceError) -> None:
        """Say that a resource is missing. The stack goes on: only the functions that use the resource fail."""
        self._terminal.step("template", str(error), level="ERROR")

    async def _start_kafka(self, class_path: str) -> None:
        process = await self._supervisor.start_process(
            kafka.start(
                port=self._ports["kafka"],
                controller_port=ports.claim("Kafka's controller", 0),
                container_port=self._ports.get("container_kafka"),
                listeners=list(self._tls_listeners()),
                class_path=class_path,
                data=self._settings.data / "kafka",
                logs=self._logs,
            )
        )
        self._terminal.step("kafka", f"started {process}")
        await kafka.wait_until_ready(self._endpoints.kafka)

    def _tls_listeners(self) -> Iterator[kafka.Listener]:
        folder = self._settings.certificates
        if port := self._ports.get("kafka_scram"):
            users = {kafka_credentials.USERNAME: self._kafka_password}
            yield kafka_tls.scram(port, folder=folder, plain_users=users)
        if port := self._ports.get("kafka_mtls"):
            yield kafka_tls.mutual_tls(port, folder=folder)

    async def _start_dynamodb(self, class_path: str) -> None:
        port, data = self._ports["dynamodb"], self._settings.data / "dynamodb"
        target = ports.claim("DynamoDB Local", 0)
        dynamodb_proxy.prepare(data)
        process = await self._supervisor.start_process(
            dynamodb.start(port=target, class_path=class_path, data=data, logs=self._logs, shared=False)
        )
        self._terminal.step("dynamodb", f"started {process}")
        await self._supervisor.start_process(
            dynamodb_proxy.start(port=port, target=target, addresses=self._addresses(), data=data, logs=self._logs)
        )
        await dynamodb.wait_until_ready(target)
        await dynamodb.wait_until_ready(port)

    async def _start_moto(self) -> None:
        port, addresses = self._ports["aws"], self._addresses()
        process = await self._supervisor.start_process(
            moto_server.start(
                port=port,
                addresses=addresses,
                mails=self._settings.mails,
                text_messages=self._settings.text_messages,
                logs=self._logs,
                lambda_api=self._endpoints.lambda_,
                dynamodb=self._endpoints.dynamodb,
            )
        )
        self._terminal.step("aws", f"started {process}")
        await moto_server.wait_until_ready(port)

    def _addresses(self) -> list[str]:
        """Return the addresses on which services listen: the loopback, and Docker's bridge if containers call them."""
        bridge = docker.bridge_address() if self._settings.for_containers else None
        return [LOOPBACK, bridge] if bridge else [LOOPBACK]

    async def _use_external_aws(self, url: str) -> None:
        await external.check_endpoint(url, variable=AWS_VARIABLE)
        mails, text_messages = MailStore(self._settings.mails), TextMessageStore(self._settings.text_messages)
        collector = MailCollector(url, mails, text_messages, region=self._settings.region)
        if await collector.skip_earlier_mails():
            self._supervisor.start_task(collector.collect())
        else:
            self._terminal.step("aws", f"the inbox stays empty, because {url} is not moto", level="WARNING")
