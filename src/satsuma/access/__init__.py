"""Who may use a server: keys of programs, people with roles, their sessions, and what each may do."""
