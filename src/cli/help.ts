/** What `rollcall help` says. */
export const HELP = `rollcall <command> [options]

  keygen [--version v4|v3|v2] [--purpose public|local] [--json]
      Prints new keys as PASERK, with their ids.

  token --user <id> [--tenant <id>] [--scope "connect watch"] [--groups a,b] [--name <text>] [--ttl 3600]
        [--places doc:1,page:*] [--places-watch a,b] [--key k4.secret.…] [--count <n>]
      Prints a token, signed with --key or with the first secret or local key of the environment
      (PASETO_KEYS, PASETO_KEYS_FILE, PASETO_SYMMETRIC_KEY). TOKEN_AUDIENCE and TOKEN_ISSUER go into it.
      In a clone with none of these: the key that "npm start" made, for its own nodes.
      With --count many, one a line: {n} in --user is a number from 0.

  check-config
      Says whether a node would start with this environment; exit code 78 and one line when not.

  print-config [--json]
      Prints the settings in effect, secrets masked.

  watch [--url ws://localhost:8080] [--token <token>] [--tenant] [--place doc:7]… [--json] [users…]
      Prints transitions as they come, of these users or of the whole tenant, and who enters and leaves
      these places, until Ctrl-C. The token comes
      from ROLLCALL_TOKEN unless given; it needs the scope watch, or watch:tenant for --tenant. In a clone
      where "npm start" runs, none is needed.

  help, --version

Exit codes: 0 done · 1 failed · 64 called the wrong way · 78 a setting is wrong`;
