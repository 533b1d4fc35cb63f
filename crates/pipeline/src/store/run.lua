-- Which run of the server this is; `run.rs` says what it proves. The last key is where the witness has put its sign just
-- now, in the same transaction, when INFO is not to be had.
local run = redis.call('GET', KEYS[#KEYS])
local is_told = run and true or false
local function info(section, field)
  local said = redis.pcall('INFO', section)
  return type(said) == 'string' and string.match(said, field .. ':(%w+)') or nil
end
if is_told then
  redis.call('DEL', KEYS[#KEYS])
else
  run = info('server', 'run_id')
end
-- Another one since this server was a replica in between; asked for only by those who compare it.
local function history() return run and not is_told and info('replication', 'master_replid') or nil end
