"""Time-stamps of RFC 3161: somebody else's signed word that a checkpoint existed at a time.

A request carries nothing but a hash. The answer is accepted only if the authority's certificate leads to one that is trusted, is meant for
time-stamping alone, was valid at that time, and signed exactly this hash and this request's number. RSA and ECDSA with SHA-2; the Chinese
SM2 and SM3 are not understood.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from audit import der
from audit.errors import InvalidStamp

HASHES: Final[dict[str, hashes.HashAlgorithm]] = {
    "2.16.840.1.101.3.4.2.1": hashes.SHA256(),
    "2.16.840.1.101.3.4.2.2": hashes.SHA384(),
    "2.16.840.1.101.3.4.2.3": hashes.SHA512(),
}
SHA_256 = "2.16.840.1.101.3.4.2.1"
SIGNED_DATA, TST_INFO = "1.2.840.113549.1.7.2", "1.2.840.113549.1.9.16.1.4"
CONTENT_TYPE, MESSAGE_DIGEST = "1.2.840.113549.1.9.3", "1.2.840.113549.1.9.4"
SIGNING_CERTIFICATE, SIGNING_CERTIFICATE_2 = "1.2.840.113549.1.9.16.2.12", "1.2.840.113549.1.9.16.2.47"
GRANTED = (0, 1)
CHAIN = 5
"""Most certificates between the authority's and a trusted one."""

LIMIT = 65_536
"""Longest answer read, in bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """What an authority said: when (UTC), under which serial number and policy, and who it is (its certificate's subject)."""

    time: datetime
    serial: int
    policy: str
    authority: str


def ask(data: bytes, nonce: int) -> bytes:
    """The request (TimeStampReq) for a stamp on the SHA-256 hash of `data`; `nonce` ties the answer to it."""
    imprint = der.sequence([der.sequence([der.identifier(SHA_256)]), der.tagged(der.OCTETS, sha256(data).digest())])
    return der.sequence([der.integer(1), imprint, der.integer(nonce), der.tagged(der.BOOLEAN, b"\xff")])


def asked(request: bytes) -> tuple[bytes, int]:
    """Hash and nonce of a request that `ask` made; raises `InvalidStamp`."""
    parts = der.only(request).expect(der.SEQUENCE).children()
    if len(parts) != 4:
        raise InvalidStamp("this is no request that the ledger made")
    return parts[1].children()[1].content, parts[2].number()


def check(response: bytes, request: bytes, data: bytes, trusted: Sequence[x509.Certificate]) -> Stamp:
    """What the `response` (TimeStampResp) to `request` says of `data`, if all of it holds; else `InvalidStamp`."""
    digest, nonce = asked(request)
    if digest != sha256(data).digest():
        raise InvalidStamp("the request asks for another checkpoint")
    if len(response) > LIMIT:
        raise InvalidStamp("the answer is too long for a time-stamp")
    try:
        return _checked(response, digest, nonce, trusted)
    except InvalidStamp:
        raise
    except (
        IndexError,
        KeyError,
        ValueError,
        OverflowError,
        UnsupportedAlgorithm,
        x509.ExtensionNotFound,
        x509.InvalidVersion,
    ) as error:
        raise InvalidStamp(f"the answer is no time-stamp ({type(error).__name__})") from error


def _checked(response: bytes, digest: bytes, nonce: int, trusted: Sequence[x509.Certificate]) -> Stamp:
    status, *token = der.only(response).expect(der.SEQUENCE).children()
    if status.children()[0].number() not in GRANTED or len(token) != 1:
        raise InvalidStamp("the authority gave no time-stamp; ask again, or look at what it says")
    kind, wrapped = token[0].expect(der.SEQUENCE).children()
    if kind.oid() != SIGNED_DATA:
        raise InvalidStamp("the answer holds no signed data")
    _, _, content, *more = der.only(wrapped.expect(der.CONTEXT_0).content).children()
    kind, wrapped = content.children()
    info = der.only(wrapped.expect(der.CONTEXT_0).content).expect(der.OCTETS).content
    if kind.oid() != TST_INFO:
        raise InvalidStamp("what is signed is no time-stamp")
    given = [
        x509.load_der_x509_certificate(item.whole)
        for part in more
        if part.tag == der.CONTEXT_0
        for item in part.children()
    ]
    (signer,) = more[-1].expect(der.SET).children()
    certificate = _signed_by(signer, info, [*given, *trusted])
    stamp = _told(info, digest, nonce, certificate)
    _check_chain(certificate, given, trusted, stamp.time)
    return stamp


def _signed_by(signer: der.Value, info: bytes, known: Sequence[x509.Certificate]) -> x509.Certificate:
    """The certificate whose key signed `info`; raises `InvalidStamp`."""
    _, who, algorithm, attributes, _, signature, *_ = signer.expect(der.SEQUENCE).children()
    issuer, serial = who.expect(der.SEQUENCE).children()
    found = [c for c in known if c.serial_number == serial.number() and c.issuer.public_bytes() == issuer.whole]
    if not found:
        raise InvalidStamp("the certificate of the authority is not with the answer")
    certificate, method = found[0], HASHES.get(algorithm.children()[0].oid())
    if method is None:
        raise InvalidStamp("the authority uses a hash that is not known here")
    signed = {
        item.children()[0].oid(): item.children()[1].children() for item in attributes.expect(der.CONTEXT_0).children()
    }
    if signed[CONTENT_TYPE][0].oid() != TST_INFO or signed[MESSAGE_DIGEST][0].content != _hash(method, info):
        raise InvalidStamp("the signature is over something else")
    if not _names(signed, certificate):
        raise InvalidStamp("the signature names another certificate")
    _verify(certificate, signature.expect(der.OCTETS).content, der.tagged(der.SET, attributes.content), method)
    return certificate


def _names(signed: dict[str, list[der.Value]], certificate: x509.Certificate) -> bool:
    """Whether the attribute that names the signing certificate (RFC 2634, RFC 5035) names this one first."""
    whole = certificate.public_bytes(Encoding.DER)
    if SIGNING_CERTIFICATE_2 in signed:
        first = signed[SIGNING_CERTIFICATE_2][0].children()[0].children()[0].children()
        method = HASHES.get(first[0].children()[0].oid()) if first[0].tag == der.SEQUENCE else hashes.SHA256()
        named = first[1] if first[0].tag == der.SEQUENCE else first[0]
        return method is not None and named.expect(der.OCTETS).content == _hash(method, whole)
    if SIGNING_CERTIFICATE in signed:
        first = signed[SIGNING_CERTIFICATE][0].children()[0].children()[0].children()
        return first[0].expect(der.OCTETS).content == _hash(hashes.SHA1(), whole)  # noqa: S303 - the form of 2001 has no other
    return False


def _verify(certificate: x509.Certificate, signature: bytes, text: bytes, method: hashes.HashAlgorithm) -> None:
    key = certificate.public_key()
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, text, padding.PKCS1v15(), method)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, text, ec.ECDSA(method))
        else:
            raise InvalidStamp("the authority signs with a kind of key that is not known here; RSA and ECDSA are")
    except InvalidSignature as error:
        raise InvalidStamp("the authority's signature does not hold") from error


def _told(info: bytes, digest: bytes, nonce: int, certificate: x509.Certificate) -> Stamp:
    """What the signed part says, if it is about this hash and this request."""
    version, policy, imprint, serial, time, *more = der.only(info).expect(der.SEQUENCE).children()
    algorithm, stamped = imprint.expect(der.SEQUENCE).children()
    if (
        version.number() != 1
        or algorithm.children()[0].oid() != SHA_256
        or stamped.expect(der.OCTETS).content != digest
    ):
        raise InvalidStamp("the time-stamp is of something else")
    if nonce not in [part.number() for part in more if part.tag == der.INTEGER]:
        raise InvalidStamp("the time-stamp answers another request")
    said = time.expect(der.TIME).content.decode("ascii")
    moment = datetime.strptime(said.partition(".")[0].removesuffix("Z"), "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    if not said.endswith("Z"):
        raise InvalidStamp("the time-stamp's time is not in UTC")
    return Stamp(
        time=moment, serial=serial.number(), policy=policy.oid(), authority=certificate.subject.rfc4514_string()
    )


def _check_chain(
    certificate: x509.Certificate,
    given: Sequence[x509.Certificate],
    trusted: Sequence[x509.Certificate],
    time: datetime,
) -> None:
    """Raise `InvalidStamp` unless the certificate is for time-stamping alone and leads to a trusted one; all valid at that time."""
    usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    if not usage.critical or list(usage.value) != [ExtendedKeyUsageOID.TIME_STAMPING]:
        raise InvalidStamp("the certificate is not one for time-stamping alone")
    here = certificate
    for _ in range(CHAIN):
        if not here.not_valid_before_utc <= time <= here.not_valid_after_utc:
            raise InvalidStamp("a certificate was not valid at the time that the stamp tells")
        if here in trusted:
            return
        above = [c for c in (*trusted, *given) if c.subject == here.issuer and c != here and _issued(here, c)]
        if not above:
            break
        here = above[0]
    raise InvalidStamp("the authority's certificate leads to none that is trusted; name its authority's certificate")


def _issued(below: x509.Certificate, above: x509.Certificate) -> bool:
    try:
        below.verify_directly_issued_by(above)
        return above.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (InvalidSignature, ValueError, TypeError, UnsupportedAlgorithm, x509.ExtensionNotFound):
        return False


def _hash(method: hashes.HashAlgorithm, data: bytes) -> bytes:
    made = hashes.Hash(method)
    made.update(data)
    return made.finalize()
