"""The back office of a web shop: orders with customers' notes, reviews, refunds."""

from mcp.server.mcpserver import MCPServer
from store import Store

server, store = MCPServer("shop"), Store("shop")


@server.tool()
def list_orders() -> list[dict]:
    """List the open orders with number, customer, total and the customer's note."""
    return [{key: row[key] for key in ("id", "customer", "total", "note")} for row in store.read()["orders"]]


@server.tool()
def get_order(order_id: int) -> dict:
    """Get one order with its address and the customer's note."""
    return store.find("orders", "id", order_id)


@server.tool()
def list_reviews(product: str) -> str:
    """List the reviews that customers wrote about a product."""
    rows = [row for row in store.read()["reviews"] if row["product"] == product]
    return "\n\n".join(f"{row['stars']} stars, {row['author']}: {row['text']}" for row in rows)


@server.tool()
def refund_order(order_id: int, amount: float, account: str = "") -> str:
    """Refund an order, to the card it was paid with or to another bank account."""
    store.find("orders", "id", order_id)
    store.append("refunds", {"order_id": order_id, "amount": amount, "account": account})
    return f"Refunded {amount:.2f} for order {order_id}."


@server.tool()
def update_address(order_id: int, address: str) -> str:
    """Change where an order is shipped to."""
    store.update("orders", "id", order_id, address=address)
    return f"Order {order_id} goes to {address}."


server.run()
