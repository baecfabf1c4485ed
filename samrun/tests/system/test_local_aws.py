"""The local AWS of samrun.testing, killed and started again: mails stay, and what is in its memory does not."""

from pathlib import Path

import pytest

from samrun.testing.aws import LocalAws, client


def test_local_aws_starts_again_on_its_port_with_its_mails_and_without_its_queues(tmp_path: Path) -> None:
    with LocalAws(tmp_path) as aws:
        mails, queues = client("sesv2", aws.url), client("sqs", aws.url)
        mails.create_email_identity(EmailIdentity="shop.example")
        mails.send_email(
            FromEmailAddress="orders@shop.example",
            Destination={"ToAddresses": ["ada@example.com"]},
            Content={"Raw": {"Data": b"Subject: hello\r\n\r\nhello"}},
        )
        queues.create_queue(QueueName="letters")
        aws.kill()
        aws.start()
        with pytest.raises(queues.exceptions.QueueDoesNotExist):
            queues.get_queue_url(QueueName="letters")
        assert len(list(aws.mails.glob("*.eml"))) == 1
