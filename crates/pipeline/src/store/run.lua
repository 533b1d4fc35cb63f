-- Which run of the server this is; `run.rs` says what it proves. The last key is where the witness has put its sign just
-- now, in the same transaction, when INFO is not to be had.
local run, history = redis.call('GET', KEYS[#KEYS]), nil
if run then
  redis.call('DEL', KEYS[#KEYS])
else
  local function info(section, field)
    local said = redis.pcall('INFO', section)
    return type(said) == 'string' and string.match(said, field .. ':(%w+)') or nil
  end
  run = info('server', 'run_id')
  -- Another one since this server was a replica in between.
  history = run and info('replication', 'master_replid')
end
