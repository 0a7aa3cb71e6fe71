"""The currencies of ISO 4217 and their minor units, and amounts that are whole in them."""

from decimal import Decimal

from domain.model import Rejected

AMOUNT_MAX = Decimal("1000000000000")
"""No amount of money that a command names, and no balance, is larger."""

_TWO_DECIMALS = """
AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY
COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF
IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR
MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG
SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VES WST
XCD YER ZAR ZMW ZWG
"""
_NO_DECIMALS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
_THREE_DECIMALS = "BHD IQD JOD KWD LYD OMR TND"

MINOR_UNITS: dict[str, int] = {
    **dict.fromkeys(_TWO_DECIMALS.split(), 2),
    **dict.fromkeys(_NO_DECIMALS.split(), 0),
    **dict.fromkeys(_THREE_DECIMALS.split(), 3),
}
"""How many decimals an amount of a currency has, by its code (ISO 4217, table A.1, in use)."""


def checked_currency(code: str) -> str:
    """The code as it is. Raises Rejected where ISO 4217 has no such currency in use."""
    if code not in MINOR_UNITS:
        raise Rejected("UNKNOWN_CURRENCY", f"{code[:10]!r} is no currency; give a code of ISO 4217")
    return code


def zero(currency: str) -> Decimal:
    """Nothing, with the decimals of the currency."""
    return Decimal(0).scaleb(-MINOR_UNITS[currency])


def rounded(amount: Decimal, currency: str) -> Decimal:
    """The amount in whole minor units of the currency, half to even."""
    return amount.quantize(zero(currency))


def checked_money(amount: Decimal, currency: str, what: str = "amount") -> Decimal:
    """The amount in minor units. Raises Rejected where it is not positive, finer or too large."""
    if not amount.is_finite() or not 0 < amount <= AMOUNT_MAX:
        raise Rejected(
            "INVALID_AMOUNT", f"{what} is {amount!s:.40}; give more than 0, at most {AMOUNT_MAX}"
        )
    whole = rounded(amount, currency)
    if whole != amount:
        raise Rejected(
            "INVALID_AMOUNT",
            f"{what} is {amount!s:.40}; {currency} has {MINOR_UNITS[currency]} decimals",
        )
    return whole
