"""Business banking: accounts, transactions with what the other side wrote, payments. Nobody has classified it."""

from mcp.server.mcpserver import MCPServer
from mcp_types import ToolAnnotations
from store import Store

server, store = MCPServer("bank"), Store("bank")
READS = ToolAnnotations(readOnlyHint=True)


@server.tool(annotations=READS)
def get_accounts() -> list[dict]:
    """Accounts of the company with balances."""
    return store.read()["accounts"]


@server.tool(annotations=READS)
def get_transactions(account_id: str, since: str = "") -> list[dict]:
    """Transactions of an account with counterparty, amount, category and remittance information."""
    return [row for row in store.read()["transactions"] if row["account_id"] == account_id and row["date"] >= since]


@server.tool(annotations=READS)
def list_beneficiaries() -> list[dict]:
    """Saved beneficiaries with their IBAN."""
    return store.read()["beneficiaries"]


@server.tool()
def make_payment(account_id: str, iban: str, amount: float, remittance: str = "") -> dict:
    """Make a SEPA credit transfer. Executed immediately."""
    store.append("payments", {"account_id": account_id, "iban": iban, "amount": amount, "remittance": remittance})
    return {"status": "executed", "amount": amount}


@server.tool()
def create_standing_order(account_id: str, iban: str, amount: float, interval: str) -> dict:
    """Create a standing order (weekly, monthly, yearly)."""
    store.append("standing", {"account_id": account_id, "iban": iban, "amount": amount, "interval": interval})
    return {"status": "active"}


@server.tool()
def categorize_transaction(transaction_id: str, category: str) -> dict:
    """Assign a bookkeeping category to a transaction."""
    store.update("transactions", "id", transaction_id, category=category)
    return {"status": "ok", "category": category}


server.run()
