"""Messages from websites, apps and servers: checked, made durable, and landed as rows."""
