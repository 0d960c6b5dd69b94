"""The whole way examined, layer after layer, and one verdict."""
