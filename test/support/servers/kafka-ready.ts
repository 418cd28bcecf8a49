import { Kafka, logLevel } from 'kafkajs'
import { patchKafkajs } from '#adapters/kafka/patch.ts'
import { accepts } from './free-port.ts'

/** Whether a broker answers on a plaintext port of this machine: it accepts, and names itself. */
export async function kafkaAnswers(port: number): Promise<boolean> {
  if (!(await accepts(port))) return false
  patchKafkajs({ error: () => {} })
  const client = new Kafka({
    clientId: 'is-it-ready',
    brokers: [`127.0.0.1:${port}`],
    logLevel: logLevel.NOTHING,
    retry: { retries: 0 },
  })
  const admin = client.admin()
  try {
    await admin.connect()
    const { brokers } = await admin.describeCluster()
    return brokers.length > 0
  } catch {
    return false
  } finally {
    await admin.disconnect()
  }
}
