"""What the functions of a template talk to: Kafka, DynamoDB and AWS, with the template's topics and resources."""

import asyncio
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from local import attached, aws, docker, dynamodb, java, kafka, kafka_login, kafka_security, ports, resources
from local.endpoints import Endpoints
from local.mails import MailStore
from local.model import Application
from local.parts import Parts
from local.ports import LOOPBACK
from local.settings import AWS_VARIABLE, DYNAMODB_VARIABLE, Settings
from local.terminal import Terminal

# DynamoDB Local takes letters and digits only; neither says anything to anyone.
CREDENTIALS: Mapping[str, str] = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}


class Services:
    """Starts them side by side. `ports` are the claimed ones, by name."""

    def __init__(
        self, settings: Settings, endpoints: Endpoints, claimed: Mapping[str, int], parts: Parts, terminal: Terminal
    ) -> None:
        self._settings = settings
        self._endpoints = endpoints
        self._ports = claimed
        self._parts = parts
        self._terminal = terminal
        self._logs = settings.data / "logs"

    async def start(self, application: Application) -> None:
        """Start them, and make what of the application is not there yet."""
        programs = {dynamodb.PROGRAM: self._settings.dynamodb, kafka.PROGRAM: self._settings.kafka}
        class_paths = await java.class_paths(
            [program for program, attached in programs.items() if not attached],
            # In the virtual environment: stacks on other data folders fetch nothing again.
            remembered=Path(sys.prefix, "java-programs.json"),
            progress=lambda text: self._terminal.step("java", text),
        )
        async with asyncio.TaskGroup() as starts:
            starts.create_task(self._kafka_with_topics(application, class_paths.get(kafka.PROGRAM)))
            starts.create_task(self._aws_with_resources(application, class_paths.get(dynamodb.PROGRAM)))
        if self._settings.scram:
            client = clients(self._endpoints, self._settings.region)
            await asyncio.to_thread(kafka_login.make, self._endpoints.kafka, self._settings.certificates, client)

    async def _kafka_with_topics(self, application: Application, class_path: str | None) -> None:
        if class_path is None:
            await asyncio.to_thread(kafka.check, self._endpoints.kafka)
        else:
            await self._kafka(class_path)
        topics = {mapping.topic for mapping in application.mappings}
        partitions = self._settings.partitions
        made = await asyncio.to_thread(kafka.create_topics, self._endpoints.kafka, topics, partitions=partitions)
        for topic in made:
            self._terminal.step("kafka", f"made the topic {topic}, {partitions} partitions")

    async def _aws_with_resources(self, application: Application, class_path: str | None) -> None:
        async with asyncio.TaskGroup() as starts:
            starts.create_task(self._attached_aws(self._settings.aws) if self._settings.aws else self._aws())
            if class_path is None:
                starts.create_task(attached.check(self._endpoints.dynamodb, variable=DYNAMODB_VARIABLE))
            else:
                starts.create_task(self._dynamodb(class_path))
        client = clients(self._endpoints, self._settings.region)
        for made in await asyncio.to_thread(resources.make, application.resources, client):
            self._terminal.step("template", f"made {made.logical_id} ({made.type})")

    async def _kafka(self, class_path: str) -> None:
        process = await self._parts.process(
            kafka.start(
                port=self._ports["kafka"],
                controller_port=ports.claim("Kafka's controller", 0),
                container_port=self._ports.get("container_kafka"),
                listeners=self._more_listeners(),
                class_path=class_path,
                data=self._settings.data / "kafka",
                logs=self._logs,
            )
        )
        self._terminal.step("kafka", f"started {process}")
        await kafka.ready(self._endpoints.kafka)

    def _more_listeners(self) -> list[kafka.Listener]:
        port = self._ports.get("kafka_scram")
        return [kafka_security.scram(port, folder=self._settings.certificates)] if port else []

    async def _dynamodb(self, class_path: str) -> None:
        port, data = self._ports["dynamodb"], self._settings.data / "dynamodb"
        process = await self._parts.process(
            dynamodb.start(port=port, class_path=class_path, data=data, logs=self._logs)
        )
        self._terminal.step("dynamodb", f"started {process}")
        await dynamodb.ready(port)

    async def _aws(self) -> None:
        port = self._ports["aws"]
        addresses = [LOOPBACK]
        if self._settings.for_containers and (bridge := docker.bridge_address()):
            addresses.append(bridge)
        process = await self._parts.process(
            aws.start(port=port, addresses=addresses, mails=self._settings.mails, logs=self._logs)
        )
        self._terminal.step("aws", f"started {process}")
        await aws.ready(port)

    async def _attached_aws(self, url: str) -> None:
        await attached.check(url, variable=AWS_VARIABLE)
        mails = attached.SentMails(url, MailStore(self._settings.mails), region=self._settings.region)
        if await mails.begin():
            self._parts.task(mails.collect())
        else:
            self._terminal.step("aws", f"the mails are not in the inbox, since {url} is no moto", level="WARNING")


def clients(endpoints: Endpoints, region: str) -> resources.Clients:
    """Return what makes boto3 clients of the local AWS."""
    session = boto3.Session(
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        region_name=region,
    )

    def client(service: Any) -> Any:
        endpoint = endpoints.dynamodb if service == "dynamodb" else endpoints.aws
        return session.client(service, endpoint_url=endpoint, config=Config(proxies={}))  # all is on this machine

    return client
