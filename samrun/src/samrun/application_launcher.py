"""Launcher of an application: starts its functions, and its triggers, APIs and schedules, which invoke them."""

import asyncio
import socket
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from starlette.types import ASGIApp

from samrun.control.stack_parts import StackParts
from samrun.custom_resources.creation import Creation
from samrun.custom_resources.resource_responses import ResourceResponses
from samrun.durable_executions import local_runner
from samrun.durable_executions.durable_invoker import DurableInvoker
from samrun.durable_executions.durable_lambda_api import DurableLambdaApi
from samrun.durable_executions.executions import DurableExecutions
from samrun.endpoints import Endpoints, url
from samrun.event_triggers.dead_letters import send_dead_letter
from samrun.functions.asynchronous_destinations import AwsDestinations
from samrun.functions.asynchronous_invoker import AsynchronousInvoker, Timing
from samrun.functions.disturbances import DisturbingInvoker
from samrun.functions.function_runtime import FunctionRuntime, create_process_runtime, start_sam_runtime
from samrun.functions.invocation_log import LoggingInvoker
from samrun.functions.invocation_request import FunctionNames
from samrun.functions.invoke_api import invoke_routes
from samrun.functions.invoker import Invoker
from samrun.functions.secrets_extension import secrets_extension
from samrun.gateway import function_url, gateway, rest_gateway, with_function_urls
from samrun.gateway.authorizer_cache import AuthorizerCache
from samrun.gateway.joined_apis import join_apis
from samrun.gateway.usage_plans import UsagePlans
from samrun.lambda_api.function_routes import function_routes
from samrun.lambda_api.lambda_app import lambda_app
from samrun.lambda_api.mapping_routes import mapping_routes
from samrun.lambda_api.tag_routes import tag_routes
from samrun.oidc.issuer import Issuer
from samrun.oidc.try_it_token import try_it_token
from samrun.pipes.pipe_invoker import PipeInvoker
from samrun.schedules.scheduler import Scheduler
from samrun.services.clients import Clients
from samrun.services.message_sender import start_execution
from samrun.settings import Settings
from samrun.supervision import ports
from samrun.supervision.access import Access
from samrun.supervision.browser_guard import Pages
from samrun.supervision.ports import PortTakenError
from samrun.supervision.supervisor import Supervisor
from samrun.supervision.terminal import Terminal
from samrun.template.model.application import Application
from samrun.template.model.functions import Function
from samrun.template.model.http_apis import FunctionUrl, HttpApi
from samrun.template.model.pipes import Pipe
from samrun.template.model.rest_apis import RestApi
from samrun.template.model.triggers import CustomResource, Schedule
from samrun.trigger_launcher import TriggerLauncher


@dataclass(frozen=True, kw_only=True)
class ApplicationLauncher:
    """Launcher of one application under the supervisor of its stack.

    `listeners` are the sockets of our own servers, and `claimed_ports` all ports, both by name. What is started is
    added to the `parts` of the stack.
    """

    settings: Settings
    endpoints: Endpoints
    issuer: Issuer
    listeners: Mapping[str, socket.socket]
    claimed_ports: Mapping[str, int]
    supervisor: Supervisor
    terminal: Terminal
    parts: StackParts

    async def start(self, application: Application) -> None:
        """Start the application, and return when it takes requests and misses no record and no change of code."""
        runtime = await self._start_runtime(application.functions)
        disturbing = DisturbingInvoker(
            invoker=runtime,
            functions={each.name: each for each in application.functions},
            disturbances=self.parts.disturbances,
        )
        code = LoggingInvoker(invoker=disturbing, log=self.parts.invocations)
        cache = AuthorizerCache()
        watching = self._reload_changed_functions(runtime, cache)
        durable = self.parts.durable = await self._start_durable_executions(application.functions)
        invoker: Invoker = DurableInvoker(code, durable) if durable else code
        client = self.parts.client
        asynchronous = self._asynchronous_invoker(invoker, application.functions, client)
        self.parts.asynchronous = asynchronous
        triggers = TriggerLauncher(
            settings=self.settings,
            endpoints=self.endpoints,
            supervisor=self.supervisor,
            terminal=self.terminal,
            runtime=self._with_pipes(application.pipes, invoker, asynchronous),
            asynchronous=asynchronous,
            parts=self.parts,
        )
        mappings = triggers.start(application)
        await self._start_secrets_extension(application.functions)
        if not self.settings.lazy:
            await runtime.warm(self._report_failed_init)
        await mappings.settled()
        if "lambda" in self.listeners:
            names = FunctionNames(
                qualifiers={each.name: each.qualifiers for each in application.functions}, region=self.settings.region
            )
            api: ASGIApp = lambda_app(
                invoke_routes(code, asynchronous, names),
                function_routes(application.functions, names),
                mapping_routes(mappings, names, self.settings.region),
                tag_routes(mappings),
            )
            if durable:
                api = DurableLambdaApi(api, asynchronous, durable, names)
            await self.supervisor.start_server(api, self.listeners["lambda"])
        if "api" in self.listeners:
            gateways = self._gateways(application, invoker, asynchronous, cache, client)
            # Browsers ask an API which pages may read its answers: the CORS configuration says so, as on AWS.
            await self.supervisor.start_server(gateways, self.listeners["api"], pages=Pages.ALL)
        await self._create_custom_resources(application.custom_resources, invoker)
        await watching.wait()
        self._start_schedules(application.schedules, asynchronous, client)

    def _with_pipes(self, pipes: Sequence[Pipe], invoker: Invoker, asynchronous: AsynchronousInvoker) -> Invoker:
        return PipeInvoker(
            invoker,
            pipes,
            accept=asynchronous.accept,
            client=self.parts.client,
            report=partial(self.terminal.step, "pipe"),
        )

    async def _start_runtime(self, functions: Sequence[Function]) -> FunctionRuntime:
        if self.settings.sam:
            runtime = await start_sam_runtime(
                functions,
                self.settings,
                self.endpoints,
                self.supervisor,
                self.terminal,
                port=self.claimed_ports["lambda"],
            )
        else:
            runtime = await create_process_runtime(functions, self.settings, self.endpoints, self.terminal)
        self.supervisor.on_exit_await(runtime.stop)
        return runtime

    async def _start_secrets_extension(self, functions: Iterable[Function]) -> None:
        """Serve secrets and parameters on the ports of the functions with that layer. A container has its own."""
        wanted = {each.secrets_port for each in functions if each.secrets_port and not self.settings.sam}
        for port in sorted(wanted):
            try:
                listener = ports.listen("the parameters and secrets extension", port)
            except PortTakenError as error:
                self.terminal.step("extension", str(error), level="WARNING")
                continue
            await self.supervisor.start_server(secrets_extension(self.parts.client), listener)

    async def _start_durable_executions(self, functions: Sequence[Function]) -> DurableExecutions | None:
        """Start the runner of durable executions; return None if no function is durable, or the SAM CLI has one."""
        if self.endpoints.lambda_ is None or self.settings.sam or not any(each.durable for each in functions):
            return None
        port = ports.claim("the runner of durable executions", 0)
        process = await self.supervisor.start_process(
            local_runner.start(
                port=port,
                lambda_api=self.endpoints.lambda_,
                functions=functions,
                region=self.settings.region,
                logs=self.settings.data / "logs",
            )
        )
        self.terminal.step("durable", f"started {process}")
        await ports.wait_for_port(port)
        executions = DurableExecutions(functions, runner=url(port))
        self.supervisor.on_exit_await(executions.close)
        return executions

    async def _create_custom_resources(self, resources: Sequence[CustomResource], invoker: Invoker) -> None:
        if self.settings.sam:
            for each in resources:
                text = f"{each.logical_id} ({each.type}): containers do not reach the URL for its answer"
                self.terminal.step("template", f"not run here: {text}")
            return
        if not resources:
            return
        listener = ports.listen("the answers of custom resources", 0)
        answers = ResourceResponses(url(listener.getsockname()[1]))
        await self.supervisor.start_server(answers.app, listener)
        creation = Creation(
            invoker=invoker,
            answers=answers,
            region=self.settings.region,
            report=partial(self.terminal.step, "custom"),
            fail=partial(self.terminal.step, "custom", level="ERROR"),
        )
        await creation.create(resources)

    def _reload_changed_functions(self, runtime: FunctionRuntime, cache: AuthorizerCache) -> asyncio.Event:
        """Restart the functions whose code changes, and return an event that is set once no change is missed."""
        watching = asyncio.Event()

        def report_change(function: Function) -> None:
            cache.forget(function.name)
            self.terminal.step(function.name, "code changed: restarting it")

        self.supervisor.start_task(runtime.reload(report_change, watching=watching))
        return watching

    def _report_failed_init(self, function: Function) -> None:
        text = "init failed. The next invocation or code change retries it."
        self.terminal.step(function.name, text, level="ERROR")

    def _gateways(
        self,
        application: Application,
        runtime: Invoker,
        asynchronous: AsynchronousInvoker,
        cache: AuthorizerCache,
        client: Clients,
    ) -> ASGIApp:
        """Return the web application that serves the APIs and the function URLs of all templates."""

        def log(access: Access) -> None:
            self.terminal.access(access)
            self.parts.journal.note_access(access)

        def warn(api: HttpApi | RestApi | FunctionUrl) -> Callable[[str], None]:
            return partial(self.terminal.step, api.logical_id, level="WARNING")

        def token(api: HttpApi) -> Callable[[], str | None]:
            return partial(try_it_token, api, self.issuer)

        http_apis = [
            (api, gateway(api, runtime, log=log, warn=warn(api), cache=cache, client=client, token=token(api)))
            for api in application.apis
        ]
        usage_plans = UsagePlans()
        rest_apis = [
            (
                api,
                rest_gateway(
                    api,
                    runtime,
                    log=log,
                    warn=warn(api),
                    client=client,
                    accept=asynchronous.accept,
                    cache=cache,
                    usage_plans=usage_plans,
                ),
            )
            for api in application.rest_apis
        ]
        urls = {each.path: function_url(each, runtime, log=log, warn=warn(each)) for each in application.function_urls}
        apis = join_apis([*http_apis, *rest_apis]) if application.all_apis else None
        return with_function_urls(urls, apis) if urls or apis is None else apis

    def _asynchronous_invoker(
        self, runtime: Invoker, functions: Sequence[Function], client: Clients
    ) -> AsynchronousInvoker:
        invoker = AsynchronousInvoker(
            runtime,
            functions,
            destinations=AwsDestinations(client),
            report=lambda text: self.terminal.step("asynchronous", text),
            timing=Timing(retry_delay=self.settings.retry_delay),
        )
        self.supervisor.on_exit_await(invoker.stop)
        return invoker

    def _start_schedules(self, schedules: Iterable[Schedule], invoker: AsynchronousInvoker, client: Clients) -> None:
        report = partial(self.terminal.step, "schedule")
        scheduler = Scheduler(
            invoker=invoker,
            report=report,
            dead_letter=partial(send_dead_letter, client=client, report=report),
            start_execution=partial(start_execution, client=client),
        )
        for schedule in schedules:
            text = f"{schedule.logical_id} invokes {schedule.function or schedule.target}: {schedule.expression}"
            self.terminal.step("schedule", text)
            self.supervisor.start_task(scheduler.run(schedule))
