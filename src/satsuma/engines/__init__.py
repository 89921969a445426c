"""The only folder that knows DuckDB or Spark."""
