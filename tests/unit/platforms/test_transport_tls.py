"""HTTPS: a certificate that nobody vouches for is refused, a trusted one is spoken to."""

from __future__ import annotations

import asyncio
import datetime
import ipaddress
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from app.core.errors import Unreachable
from app.platforms import transport
from tests.unit.platforms.conftest import MakeBench, RawServer, ok

pytestmark = pytest.mark.timeout(30)


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Key and self-signed certificate for 127.0.0.1 in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = tmp_path / "server.pem"
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
async def tls_url(raw_server: RawServer, certificate: Path) -> AsyncIterator[str]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    listener = await asyncio.start_server(raw_server.serve, "127.0.0.1", 0, ssl=context)
    port: int = listener.sockets[0].getsockname()[1]
    yield f"https://127.0.0.1:{port}"
    listener.close()


async def test_https_certificate_unknown_is_refused(make_bench: MakeBench, tls_url: str) -> None:
    bench = make_bench(base_url=tls_url)
    with pytest.raises(Unreachable, match="TLS"):
        await bench.client.list_orgs()
    assert bench.server.requests == []


async def test_https_certificate_trusted_is_spoken_to(
    make_bench: MakeBench, tls_url: str, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "_SSL_CONTEXT", ssl.create_default_context(cafile=str(certificate)))
    bench = make_bench(base_url=tls_url)
    bench.server.answers = [ok({"orgs": []}), ok({"orgs": []})]
    assert await bench.client.list_orgs() == await bench.client.list_orgs() == ()
    assert bench.server.connections == 1
